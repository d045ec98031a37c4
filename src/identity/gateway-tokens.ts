import { randomUUID } from "node:crypto";
import { type CryptoKey, errors, importJWK, type JWK, jwtVerify } from "jose";
import { z } from "zod";
import type { Clock } from "#lib/clock";
import { assert, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { CompactToken } from "./compact-token.ts";
import type { Session } from "./session.ts";

/** Signs with Ed25519; `keys` has it, `main.ts` hands it over. */
export interface TokenSigner {
  readonly keyId: string;
  readonly publicJwk: { readonly kty: string; readonly crv: string; readonly x: string };
  /** Compact JWS of the claims, `alg: EdDSA`, `typ: at+jwt`. */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
}

export interface IssuedToken {
  readonly accessToken: string;
  /** Whole seconds. */
  readonly expiresInS: number;
}

/** What a gateway token proves: that we gave it to somebody for a session. Whether that still runs is asked elsewhere. */
export type GatewayTokenVerdict =
  | {
      readonly kind: "proven";
      readonly sessionId: string;
      readonly principalId: string;
      readonly expiresAt: Date;
    }
  | { readonly kind: "refused"; readonly code: "invalid" | "expired"; readonly detail: string };

export interface GatewayTokens {
  readonly issuer: string;
  issue(session: Session): Promise<IssuedToken>;
  verify(token: CompactToken): Promise<GatewayTokenVerdict>;
}

export interface GatewayTokensParts {
  /** The control plane's URL. */
  readonly issuer: string;
  readonly signer: TokenSigner;
  readonly clock: Clock;
}

/** Nobody else's tokens are meant for this audience, and ours for no other. */
const audience = "gatehouse";

export async function openGatewayTokens(parts: GatewayTokensParts): Promise<GatewayTokens> {
  const jwk: JWK = { ...parts.signer.publicJwk };
  const key = await importJWK(jwk, "EdDSA");
  assert(!(key instanceof Uint8Array), "the token key is asymmetric");
  return {
    issuer: parts.issuer,
    issue: (session) => issue(session, parts),
    verify: (token) => verify(token, key, parts),
  };
}

async function issue(session: Session, { issuer, signer, clock }: GatewayTokensParts): Promise<IssuedToken> {
  const nowMs = clock.now().getTime();
  const endMs = Math.min(nowMs + limits.gatewayTokenLifeMs, session.endsAt.getTime());
  const issuedAtS = Math.floor(nowMs / 1000);
  const expiresAtS = Math.floor(endMs / 1000);
  const accessToken = await signer.sign({
    iss: issuer,
    aud: audience,
    sub: session.principal.id,
    // RFC 8693 section 4.1: the person stays the subject, the software that acts for them is named beside.
    act: { sub: session.agent },
    sid: session.id,
    iat: issuedAtS,
    exp: expiresAtS,
    jti: randomUUID(),
  });
  return { accessToken, expiresInS: Math.max(0, Math.floor((endMs - nowMs) / 1000)) };
}

const claimsShape = z.looseObject({ sub: z.string().min(1), sid: z.string().min(1), exp: z.number() });

async function verify(
  token: CompactToken,
  key: CryptoKey,
  { issuer, signer, clock }: GatewayTokensParts,
): Promise<GatewayTokenVerdict> {
  if (token.header.kid !== signer.keyId) {
    return { kind: "refused", code: "invalid", detail: "another key's token" };
  }
  try {
    const { payload } = await jwtVerify(token.text, key, {
      algorithms: ["EdDSA"],
      issuer,
      audience,
      typ: "at+jwt",
      requiredClaims: ["sub", "sid", "exp", "iat", "jti"],
      currentDate: clock.now(),
    });
    const { sub, sid, exp } = claimsShape.parse(payload);
    return { kind: "proven", sessionId: sid, principalId: sub, expiresAt: new Date(exp * 1000) };
  } catch (error) {
    const code = error instanceof errors.JWTExpired ? "expired" : "invalid";
    return { kind: "refused", code, detail: messageOf(error) };
  }
}
