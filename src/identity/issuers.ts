import type { Claims } from "./claim-path.ts";
import type { CompactToken } from "./compact-token.ts";
import { type ClientKind, type IdentityVerdict, refusedIdentity } from "./proven-identity.ts";

/** Everything configured that says who somebody is by a token. */
export interface IdentityTokens {
  /** Whether this is one of the configured issuers, byte for byte: another spelling is another issuer. */
  knows(issuer: unknown): boolean;
  /** Judges a token for the clients named; a token of another client of ours is as good as none. */
  verify(token: CompactToken, clients: readonly ClientKind[]): Promise<IdentityVerdict>;
  /** Judges what is no JWT, an agent's, by asking the one issuer that was configured to be asked. */
  verifyOpaque(text: string): Promise<IdentityVerdict>;
}

/** The tokens of one issuer: those of its people, or those of its machines. */
export interface IssuerTokens extends Pick<IdentityTokens, "knows" | "verify"> {
  /** Whether these rules are the ones for a token that claims this. At one issuer at most one set of rules is. */
  concerns(claims: Claims): boolean;
}

export type OpaqueTokens = Pick<IdentityTokens, "verifyOpaque">;

/**
 * Several issuers as one. Each token is judged by the keys and rules of the issuer it names, and by no other's. Machines
 * come first: where people and machines have one issuer, the audience says which of them is meant.
 */
export function tokensOfIssuers(
  all: readonly IssuerTokens[],
  opaque: OpaqueTokens = { verifyOpaque: async () => refusedIdentity("invalid", "not a compact JWT") },
): IdentityTokens {
  return {
    knows: (issuer) => all.some((each) => each.knows(issuer)),
    verify: async (token, clients) =>
      (await all.find((each) => each.concerns(token.claims))?.verify(token, clients)) ??
      refusedIdentity("invalid", "an issuer we do not know, or an audience nobody has"),
    verifyOpaque: opaque.verifyOpaque,
  };
}
