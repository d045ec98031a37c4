import { limits } from "#lib/limits";

export type GroupsParsing =
  | { readonly kind: "groups"; readonly groups: readonly string[] }
  | { readonly kind: "refused"; readonly detail: string };

/**
 * Groups as the token lists them. No claim means no groups. A provider that says "too many, ask me elsewhere" has not
 * said "none": such a token is refused, or whoever is in enough groups would lose the ones that forbid something.
 */
export function parseGroups(claims: Readonly<Record<string, unknown>>, claim: string): GroupsParsing {
  if (isOverage(claims, claim))
    return refused("groups overage: the provider must put all groups into the token");
  const value = claims[claim];
  if (value === undefined) return { kind: "groups", groups: [] };
  if (!Array.isArray(value)) return refused(`claim ${claim} is not a list`);
  if (value.length > limits.groupsMax) return refused(`claim ${claim} names ${value.length} groups`);
  const groups = value.filter(isGroup);
  return groups.length === value.length
    ? { kind: "groups", groups: [...new Set(groups)] }
    : refused(`claim ${claim} holds something that is not a group's name`);
}

function refused(detail: string): GroupsParsing {
  return { kind: "refused", detail };
}

function isGroup(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= limits.groupCharsMax;
}

/** Distributed claims (OpenID Connect Core section 5.6.2), and the short forms Entra ID uses in their place. */
function isOverage(claims: Readonly<Record<string, unknown>>, claim: string): boolean {
  const names = claims["_claim_names"];
  const isDistributed = typeof names === "object" && names !== null && Object.hasOwn(names, claim);
  const hasMore = claims["hasgroups"];
  return isDistributed || (hasMore !== undefined && hasMore !== false && hasMore !== "false");
}
