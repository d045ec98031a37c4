import { createHash } from "node:crypto";
import { jwtVerify } from "jose";
import { z } from "zod";
import type { Clock } from "#lib/clock";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { type Claims, isSamePath, pathName, textAt } from "../claim-path.ts";
import { parseCompactToken } from "../compact-token.ts";
import type { IssuerSettings } from "../identity-token.ts";
import type { ProviderKeys } from "../provider-keys.ts";

/** What a provider's logout token says (OpenID Connect Back-Channel Logout 1.0 section 2.4). */
export interface ProvenLogout {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  readonly issuedAt: Date;
  /** Of issuer and `jti`, by which it counts once. */
  readonly digest: string;
  /** From then on its age alone refuses it. */
  readonly countsUntil: Date;
}

export type LogoutVerdict =
  | { readonly kind: "proven"; readonly logout: ProvenLogout }
  /** `detail` is for our log only. */
  | { readonly kind: "refused"; readonly code: "invalid" | "provider_unavailable"; readonly detail: string };

export interface LogoutTokensParts {
  readonly settings: IssuerSettings;
  readonly keys: Pick<ProviderKeys, "find">;
  readonly clock: Clock;
}

const logoutType = "logout+jwt";

/**
 * Judges a logout token (section 2.6). Only `typ: logout+jwt` is one: an ID token of the same keys and audience, which
 * any page that signed somebody in has seen, must never end anything.
 */
export async function verifyLogoutToken(text: string, parts: LogoutTokensParts): Promise<LogoutVerdict> {
  const { settings, keys, clock } = parts;
  const token = parseCompactToken(text);
  if (token === undefined) return refused("invalid", "not a compact JWT");
  const algorithm = settings.algorithms.find((each) => each === token.header.alg);
  if (algorithm === undefined) return refused("invalid", `algorithm ${token.header.alg}`);
  if (token.header.typ?.toLowerCase() !== logoutType)
    return refused("invalid", `typ ${token.header.typ ?? "missing"}`);
  if (token.claims["iss"] !== settings.issuer) return refused("invalid", "another issuer");
  const finding = await keys.find(token.header);
  if (finding.kind !== "key") {
    return refused(finding.kind === "unknown" ? "invalid" : finding.kind, finding.detail);
  }
  try {
    const { payload } = await jwtVerify(token.text, finding.key, {
      algorithms: [algorithm],
      issuer: settings.issuer,
      typ: logoutType,
      requiredClaims: ["aud", "iat", "jti", "events"],
      clockTolerance: limits.tokenSkewMs / 1000,
      maxTokenAge: limits.logoutTokenAgeMsMax / 1000,
      currentDate: clock.now(),
    });
    return judgeClaims(payload, settings);
  } catch (error) {
    return refused("invalid", messageOf(error));
  }
}

function refused(code: "invalid" | "provider_unavailable", detail: string): LogoutVerdict {
  return { kind: "refused", code, detail };
}

const backChannelEvent = "http://schemas.openid.net/event/backchannel-logout";

const name = z.string().min(1).max(limits.subjectCharsMax);
const claimsShape = z.looseObject({
  sub: name.optional(),
  sid: name.optional(),
  aud: z.union([z.string().transform((one) => [one]), z.array(z.string()).min(1).max(10)]),
  iat: z.number(),
  jti: name,
  events: z.looseObject({ [backChannelEvent]: z.looseObject({}) }),
  // Section 2.4: prohibited, so that no logout token can be taken for an ID token.
  nonce: z.undefined("a logout token has no nonce").optional(),
});

function judgeClaims(payload: Claims, { issuer, clients, claims }: IssuerSettings): LogoutVerdict {
  const parsed = claimsShape.safeParse(payload);
  if (!parsed.success) return refused("invalid", z.prettifyError(parsed.error));
  const { sub, sid, aud, iat, jti } = parsed.data;
  // Where another claim tells people apart, `sub` names nobody here: obeying it would be answered and end nothing.
  const subject = isSamePath(claims.subject, ["sub"]) ? sub : textAt(payload, claims.subject);
  const ours: readonly string[] = Object.values(clients);
  if (!aud.every((each) => ours.includes(each))) return refused("invalid", `audience ${aud.join(", ")}`);
  if (subject === undefined && sid === undefined)
    return refused("invalid", `neither ${pathName(claims.subject)} nor sid`);
  const ageMsMax = limits.logoutTokenAgeMsMax + limits.tokenSkewMs;
  return {
    kind: "proven",
    logout: {
      issuer,
      subject,
      sid,
      issuedAt: new Date(iat * 1000),
      digest: createHash("sha256")
        .update(JSON.stringify([issuer, jti]))
        .digest("base64url"),
      countsUntil: new Date(iat * 1000 + ageMsMax),
    },
  };
}
