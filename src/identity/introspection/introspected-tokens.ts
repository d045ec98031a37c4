import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import { type Claims, claimAt } from "../claim-path.ts";
import { isGoogleCredential } from "../google-credential.ts";
import type { IssuerTokens, OpaqueTokens } from "../issuers.ts";
import { judgePerson, type PersonRules } from "../person-claims.ts";
import { type IdentityVerdict, refusedIdentity } from "../proven-identity.ts";
import type { IntrospectionAnswer, Introspector } from "./introspector.ts";

export interface IntrospectedParts {
  readonly rules: PersonRules;
  readonly introspector: Introspector;
  readonly clock: Clock;
}

/** RFC 6750 section 2.1: what may stand behind `Bearer`. */
const shape = /^[A-Za-z0-9._~+/-]+=*$/;

/** Tokens that only their issuer can read. */
export function opaqueTokens({ rules, introspector, clock }: IntrospectedParts): OpaqueTokens {
  return {
    verifyOpaque: async (text) => {
      // What cannot be one of its tokens is not told to anybody.
      if (!isPlausible(text)) return refusedIdentity("invalid", "neither a JWT nor an opaque token");
      const answer = await introspector.ask(text);
      if (answer.kind !== "active") return refusalOf(answer);
      const judged = judgePerson(asClaims(answer.claims), rules, { clients: ["agent"], now: clock.now() });
      return believedBriefly(withoutSkew(judged), answer.believedForMs);
    },
  };
}

/** Our own tokens, Google's, and JWTs of whoever in a broken spelling, are nothing that an issuer should get to see. */
function isPlausible(text: string): boolean {
  const isOfAnother = /^(eyJ|gh[a-z]_)/.test(text) || isGoogleCredential(text, undefined, false);
  const isLong = text.length >= limits.opaqueTokenCharsMin && text.length <= limits.opaqueTokenCharsMax;
  return isLong && !isOfAnother && shape.test(text);
}

/** The issuer says by its own clock when the token ends: nothing opened with it goes on after that. */
function withoutSkew(verdict: IdentityVerdict): IdentityVerdict {
  if (verdict.kind === "refused") return verdict;
  const countsUntil = new Date(verdict.identity.countsUntil.getTime() - limits.tokenSkewMs);
  return { kind: "proven", identity: { ...verdict.identity, countsUntil } };
}

/** JWTs of an issuer that takes tokens back: besides all other rules, it must say that the token still counts. */
export function alsoIntrospected(
  tokens: IssuerTokens,
  { rules, introspector }: Omit<IntrospectedParts, "clock">,
): IssuerTokens {
  return {
    ...tokens,
    verify: async (token, clients) => {
      const verdict = await tokens.verify(token, clients);
      if (verdict.kind === "refused") return verdict;
      const answer = await introspector.ask(token.text, { isSigned: true });
      if (answer.kind !== "active") return refusalOf(answer);
      // An answer about somebody else is an answer to another question.
      const named = claimAt(answer.claims, rules.claims.subject);
      return named === undefined || named === verdict.identity.principal.subject
        ? believedBriefly(verdict, answer.believedForMs)
        : refusedIdentity("invalid", "the issuer names another subject than the token");
    },
  };
}

/** Where the answer names no audience, the client that got the token is who it is for (RFC 7662 section 2.2). */
function asClaims(answer: Claims): Claims {
  const { aud, azp, client_id: clientId } = answer;
  return { ...answer, aud: aud ?? clientId, azp: azp ?? clientId };
}

function refusalOf(answer: Exclude<IntrospectionAnswer, { kind: "active" }>): IdentityVerdict {
  return answer.kind === "inactive"
    ? refusedIdentity("invalid", `its issuer says: ${answer.detail}`)
    : refusedIdentity("provider_unavailable", answer.detail);
}

function believedBriefly(verdict: IdentityVerdict, believedForMs: number): IdentityVerdict {
  return verdict.kind === "refused"
    ? verdict
    : { kind: "proven", identity: { ...verdict.identity, believedForMs } };
}
