import { limits } from "#lib/limits";
import { type ClaimPath, type Claims, claimAt, pathName } from "./claim-path.ts";

/** A JSON list of names, or one text with the names separated by spaces (as OAuth writes scopes). */
export type GroupsFormat = "list" | "words";

export type GroupsParsing =
  | { readonly kind: "groups"; readonly groups: readonly string[] }
  | { readonly kind: "refused"; readonly code: "invalid" | "groups_overage"; readonly detail: string };

/**
 * Groups as the token lists them. No claim means no groups. A provider that says "too many, ask me elsewhere" has not
 * said "none": such a token is refused, or whoever is in enough groups would lose the ones that forbid something.
 */
export function parseGroups(claims: Claims, path: ClaimPath, format: GroupsFormat): GroupsParsing {
  if (isOverage(claims, path))
    return refused("the provider must put all groups into the token", "groups_overage");
  const name = pathName(path);
  const value = claimAt(claims, path);
  if (value === undefined) return { kind: "groups", groups: [] };
  const listed = format === "words" && typeof value === "string" ? wordsOf(value) : value;
  if (!Array.isArray(listed)) return refused(`claim ${name} is not a list`);
  if (listed.length > limits.groupsMax) return refused(`claim ${name} names ${listed.length} groups`);
  const groups = listed.filter(isGroup);
  return groups.length === listed.length
    ? { kind: "groups", groups: [...new Set(groups)] }
    : refused(`claim ${name} holds something that is not a group's name`);
}

function refused(detail: string, code: "invalid" | "groups_overage" = "invalid"): GroupsParsing {
  return { kind: "refused", code, detail };
}

/** RFC 6749 section 3.3: single spaces between words, none around them. An empty text is no word. */
function wordsOf(text: string): readonly string[] {
  return text === "" ? [] : text.split(" ");
}

function isGroup(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= limits.groupCharsMax;
}

/** Distributed claims (OpenID Connect Core section 5.6.2), and the short forms Entra ID uses in their place. */
function isOverage(claims: Claims, [outermost]: ClaimPath): boolean {
  const names = claims["_claim_names"];
  const isDistributed = typeof names === "object" && names !== null && Object.hasOwn(names, outermost);
  const hasMore = claims["hasgroups"];
  return isDistributed || (hasMore !== undefined && hasMore !== false && hasMore !== "false");
}
