import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { IdentityTokens } from "../identity-token.ts";
import type { SignOutStore } from "./sign-out-store.ts";
import { scopesOf } from "./whose.ts";

/**
 * ID tokens that still stand. One that was issued before its owner was signed out opens nothing more, wherever it is
 * stored: signatures do not know about sign-outs. Also remembers whose the provider's sessions are, as a logout token
 * may name nothing but one of those.
 */
export function standingTokens(
  tokens: IdentityTokens,
  { signOuts, clock }: { readonly signOuts: SignOutStore; readonly clock: Clock },
): IdentityTokens {
  return {
    knows: (issuer) => tokens.knows(issuer),
    verify: async (token, clients) => {
      const verdict = await tokens.verify(token, clients);
      if (verdict.kind === "refused") return verdict;
      const { principal } = verdict.identity;
      const endedAt = await signOuts.endedAt(scopesOf(principal));
      const { iat, sid } = token.claims;
      // Whole seconds: what was issued in the very second of the end may be from before it.
      if (endedAt !== undefined && !(typeof iat === "number" && iat * 1000 > endedAt.getTime())) {
        return { kind: "refused", code: "invalid", detail: "issued before its owner was signed out" };
      }
      if (isSid(sid)) {
        const until = new Date(clock.now().getTime() + limits.providerSessionKeptMs);
        await signOuts.remember({ issuer: principal.issuer, sid }, principal.subject, until);
      }
      return verdict;
    },
  };
}

export function isSid(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= limits.subjectCharsMax;
}
