import { createHash } from "node:crypto";
import type { CompactToken } from "./compact-token.ts";

/** What the ID token came with, by the claim that binds it. */
export interface BoundValues {
  readonly at_hash: string;
  readonly c_hash: string | null;
}

/**
 * `at_hash` and `c_hash` bind an ID token to the access token and the code it came with (OpenID Connect Core sections
 * 3.1.3.6 and 3.3.2.11). The code flow may leave them out; a wrong one says that somebody put two answers together.
 */
export function objectionToHashes(token: CompactToken, values: BoundValues): string | undefined {
  const digest = token.header.alg === "EdDSA" ? "sha512" : "sha256";
  for (const name of ["at_hash", "c_hash"] as const) {
    const claimed = token.claims[name];
    if (claimed === undefined) continue;
    const hash = createHash(digest)
      .update(values[name] ?? "")
      .digest();
    const expected = hash.subarray(0, hash.length / 2).toString("base64url");
    if (claimed !== expected) return `${name} is of something else`;
  }
  return undefined;
}
