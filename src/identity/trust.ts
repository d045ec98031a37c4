import type { Principal } from "./principal.ts";

/** How far a provider is believed about its own people, as configured; `undefined` is all the way. */
export interface ProviderTrust {
  /** The groups of its that count here. */
  readonly groups: readonly string[] | undefined;
  /** Domains whose e-mail addresses it may vouch for, in lower case. */
  readonly emailDomains: readonly string[] | undefined;
}

/**
 * Where there are several providers, each could put its people into another's groups, or give them another's addresses.
 * What one may not say is left out: the person is let in as somebody without it.
 */
export function asTrusted(principal: Principal, { groups, emailDomains }: ProviderTrust): Principal {
  const { email } = principal;
  const domain = email?.slice(email.lastIndexOf("@") + 1).toLowerCase();
  const isVouched = emailDomains === undefined || (domain !== undefined && emailDomains.includes(domain));
  return {
    ...principal,
    email: isVouched ? email : undefined,
    groups:
      groups === undefined ? principal.groups : principal.groups.filter((group) => groups.includes(group)),
  };
}
