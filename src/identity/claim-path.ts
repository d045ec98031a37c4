/** Claims of a token, proven or not. */
export type Claims = Readonly<Record<string, unknown>>;

/** Names from the outermost claim inwards. A list, because names hold dots and slashes (`kubernetes.io`, `https://…/groups`). */
export type ClaimPath = readonly [string, ...string[]];

/** What lies at the path; `undefined` where any step of it is missing. */
export function claimAt(claims: Claims, path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const name of path) {
    // A list has members too (`length`, `0`), and every object inherited ones: neither is a claim.
    if (!isClaims(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** The text at the path; `undefined` when it is anything else. */
export function textAt(claims: Claims, path: ClaimPath): string | undefined {
  const value = claimAt(claims, path);
  return typeof value === "string" ? value : undefined;
}

/** For messages to operators. */
export function pathName(path: ClaimPath): string {
  return path.join(" › ");
}

export function isSamePath(one: ClaimPath, other: ClaimPath): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}

function isClaims(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
