import type { Principal } from "../principal.ts";

/** Whose sign-ins and sessions are meant. A principal is meant by id or e-mail, an issuer byte for byte. */
export type Whose = { readonly principal: string } | { readonly issuer: string } | "all";

/** An address in whatever case: it may take in more than was meant, and never less. */
export function isMeant(principal: Pick<Principal, "id" | "issuer" | "email">, whose: Whose): boolean {
  if (whose === "all") return true;
  if ("issuer" in whose) return principal.issuer === whose.issuer;
  const isAddress = principal.email?.toLowerCase() === whose.principal.toLowerCase();
  return principal.id === whose.principal || isAddress;
}

/** The name under which an end is kept. */
export function scopeOf(whose: Whose | { readonly machine: string }): string {
  if (whose === "all") return "all";
  if ("machine" in whose) return `machine ${whose.machine}`;
  return "issuer" in whose ? `issuer ${whose.issuer}` : `principal ${whose.principal.toLowerCase()}`;
}

/** All names under which this principal may have been ended. */
export function scopesOf({ id, issuer, email }: Pick<Principal, "id" | "issuer" | "email">): string[] {
  const own: readonly Whose[] = [
    "all",
    { issuer },
    { principal: id },
    ...(email === undefined ? [] : [{ principal: email }]),
  ];
  return own.map(scopeOf);
}
