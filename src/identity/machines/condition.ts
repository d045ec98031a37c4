import { type ClaimPath, type Claims, claimAt, isSamePath, pathName } from "../claim-path.ts";

/** What one claim must be for a machine to be let in. Prefixes count whole segments between slashes. */
export interface Condition {
  readonly claim: ClaimPath;
  readonly demand:
    | { readonly kind: "equals"; readonly value: string | boolean }
    | { readonly kind: "one_of"; readonly values: readonly string[] }
    | { readonly kind: "prefix"; readonly prefix: string };
}

/** A claim that is missing, empty or of another kind holds no condition. Of a list each member must hold it. */
export function holds({ claim, demand }: Condition, claims: Claims): boolean {
  const value = claimAt(claims, claim);
  if (!Array.isArray(value)) return isMet(demand, value);
  return value.length > 0 && value.every((member) => isMet(demand, member));
}

function isMet(demand: Condition["demand"], value: unknown): boolean {
  // Numeric ids are texts at some providers and numbers at others; in the configuration they are texts.
  const plain = Number.isSafeInteger(value) ? String(value) : value;
  switch (demand.kind) {
    case "equals":
      return plain === demand.value;
    case "one_of":
      return typeof plain === "string" && demand.values.includes(plain);
    case "prefix":
      return typeof plain === "string" && isBelow(plain, demand.prefix);
  }
}

/** `refs/heads/release` is above `refs/heads/release/1.2` and itself, and not above `refs/heads/release-of-evil`. */
function isBelow(text: string, prefix: string): boolean {
  const segments = text.split("/");
  // A name that steps up again, or hides a step, is below nothing.
  if (segments.some((segment) => segment === ".." || segment === "." || segment === "")) return false;
  const wanted = prefix.replace(/\/$/, "").split("/");
  return wanted.every((segment, index) => segments[index] === segment);
}

export function describeCondition({ claim, demand }: Condition): string {
  return `${pathName(claim)} (${demand.kind})`;
}

export function isNamed(conditions: readonly Condition[], claim: ClaimPath): boolean {
  return conditions.some((condition) => isSamePath(condition.claim, claim));
}
