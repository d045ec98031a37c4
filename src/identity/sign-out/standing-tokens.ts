import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { IssuerTokens, OpaqueTokens } from "../issuers.ts";
import { type IdentityVerdict, refusedIdentity } from "../proven-identity.ts";
import type { SignOutStore } from "./sign-out-store.ts";
import { scopesOf } from "./whose.ts";

export interface StandingParts {
  readonly signOuts: SignOutStore;
  readonly clock: Clock;
}

/**
 * Tokens that still stand. One that was issued before its owner was signed out opens nothing more, wherever it is
 * stored: signatures do not know about sign-outs. Also remembers whose the provider's sessions are, as a logout token
 * may name nothing but one of those.
 */
export function standingTokens(tokens: IssuerTokens, parts: StandingParts): IssuerTokens {
  return {
    knows: (issuer) => tokens.knows(issuer),
    concerns: (claims) => tokens.concerns(claims),
    verify: async (token, clients) => {
      const verdict = await ifItStands(await tokens.verify(token, clients), parts);
      if (verdict.kind === "refused") return verdict;
      // A workload has no session at the provider: one that shows a person's `sid` must not become whose it is.
      if (verdict.identity.workload === undefined)
        await rememberSession(token.claims["sid"], verdict.identity.principal, parts);
      return verdict;
    },
  };
}

/** The same of tokens that only their issuer can read. */
export function standingOpaqueTokens(tokens: OpaqueTokens, parts: StandingParts): OpaqueTokens {
  return { verifyOpaque: async (text) => ifItStands(await tokens.verifyOpaque(text), parts) };
}

async function ifItStands(verdict: IdentityVerdict, { signOuts }: StandingParts): Promise<IdentityVerdict> {
  if (verdict.kind === "refused") return verdict;
  const { principal, issuedAt } = verdict.identity;
  const endedAt = await signOuts.endedAt(scopesOf(principal));
  // Whole seconds: what was issued in the very second of the end may be from before it. Nor does it stand if nobody
  // says when it was issued.
  if (endedAt === undefined || (issuedAt !== undefined && issuedAt > endedAt)) return verdict;
  return refusedIdentity("invalid", "issued before its owner was signed out");
}

async function rememberSession(
  sid: unknown,
  { issuer, subject }: { readonly issuer: string; readonly subject: string },
  { signOuts, clock }: StandingParts,
): Promise<void> {
  if (!isSid(sid)) return;
  const until = new Date(clock.now().getTime() + limits.providerSessionKeptMs);
  await signOuts.remember({ issuer, sid }, subject, until);
}

export function isSid(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= limits.subjectCharsMax;
}
