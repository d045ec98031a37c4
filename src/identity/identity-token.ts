import { errors, jwtVerify } from "jose";
import { z } from "zod";
import type { Clock } from "#lib/clock";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { CompactToken } from "./compact-token.ts";
import { parseGroups } from "./groups.ts";
import type { SignatureAlgorithm } from "./key-set.ts";
import { type Principal, principalId } from "./principal.ts";
import type { ProviderKeys } from "./provider-keys.ts";
import { asTrusted, type ProviderTrust } from "./trust.ts";

/** Our clients at the provider: tokens of the first may be stored, those of the others come from somebody who is there. */
export type ClientKind = "agent" | "console" | "web";

/** One identity provider, as configured. */
export interface IssuerSettings {
  /** Short name of ours; part of our addresses. */
  readonly id: string;
  readonly issuer: string;
  readonly clients: Readonly<Record<ClientKind, string>>;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly groupsClaim: string;
  readonly trust: ProviderTrust;
}

/** What an identity provider's token proves. */
export interface ProvenIdentity {
  readonly principal: Principal;
  readonly client: ClientKind;
  /** When the person was there (OpenID Connect Core section 2, `auth_time`); not all providers say. */
  readonly signedInAt: Date | undefined;
  /** `exp` and the skew that clocks are granted. */
  readonly countsUntil: Date;
}

/** `detail` is for our log only. */
export type IdentityVerdict =
  | { readonly kind: "proven"; readonly identity: ProvenIdentity }
  | {
      readonly kind: "refused";
      readonly code: "invalid" | "expired" | "provider_unavailable";
      readonly detail: string;
    };

export interface IdentityTokens {
  /** Whether this is one of the configured issuers, byte for byte: another spelling is another issuer. */
  knows(issuer: unknown): boolean;
  /** Judges a token for the clients named; a token of another client of ours is as good as none. */
  verify(token: CompactToken, clients: readonly ClientKind[]): Promise<IdentityVerdict>;
}

/** Several issuers as one. Each token is judged by the keys and rules of the issuer it names, and by no other's. */
export function tokensOfIssuers(all: readonly IdentityTokens[]): IdentityTokens {
  const of = (issuer: unknown): IdentityTokens | undefined => all.find((each) => each.knows(issuer));
  return {
    knows: (issuer) => of(issuer) !== undefined,
    verify: async (token, clients) =>
      (await of(token.claims["iss"])?.verify(token, clients)) ??
      refused("invalid", "an issuer we do not know"),
  };
}

export interface IdentityTokensParts {
  readonly settings: IssuerSettings;
  readonly keys: Pick<ProviderKeys, "find">;
  readonly clock: Clock;
}

export function identityTokens(parts: IdentityTokensParts): IdentityTokens {
  return {
    knows: (issuer) => issuer === parts.settings.issuer,
    verify: async (token, clients) => {
      const { settings } = parts;
      const algorithm = settings.algorithms.find((each) => each === token.header.alg);
      if (algorithm === undefined) return refused("invalid", `algorithm ${token.header.alg}`);
      if (!isIdTokenType(token.header.typ)) return refused("invalid", `typ ${token.header.typ}`);
      const finding = await parts.keys.find(token.header);
      if (finding.kind === "provider_unavailable") return refused("provider_unavailable", finding.detail);
      if (finding.kind === "unknown") return refused("invalid", finding.detail);
      const now = parts.clock.now();
      try {
        const { payload } = await jwtVerify(token.text, finding.key, {
          algorithms: [algorithm],
          issuer: settings.issuer,
          requiredClaims: ["sub", "aud", "exp", "iat"],
          clockTolerance: limits.tokenSkewMs / 1000,
          maxTokenAge: limits.identityTokenAgeMsMax / 1000,
          currentDate: now,
        });
        return judgeClaims(payload, settings, { clients, now });
      } catch (error) {
        return refused(error instanceof errors.JWTExpired ? "expired" : "invalid", messageOf(error));
      }
    },
  };
}

function refused(code: "invalid" | "expired" | "provider_unavailable", detail: string): IdentityVerdict {
  return { kind: "refused", code, detail };
}

/** ID tokens carry `JWT` or nothing; access, logout and DPoP tokens say what they are, and are not this. */
function isIdTokenType(typ: string | undefined): boolean {
  return typ === undefined || typ.toUpperCase() === "JWT";
}

/** Visible ASCII would do (OpenID Connect Core section 2); what no screen shows could make two people look alike. */
const subject = z
  .string()
  .min(1)
  .max(limits.subjectCharsMax)
  .regex(/^\P{C}+$/u);

const claimsShape = z.looseObject({
  sub: subject,
  aud: z.union([z.string().transform((one) => [one]), z.array(z.string()).min(1).max(10)]),
  azp: z.string().optional(),
  exp: z.number(),
  auth_time: z.number().int().min(0).optional(),
  // Beside an address that somebody typed in, `email_verified` is false or missing; `"true"` is not `true`.
  email: z.string().max(320).optional().catch(undefined),
  email_verified: z.boolean().optional().catch(false),
});
type Claims = z.infer<typeof claimsShape>;

interface Occasion {
  readonly clients: readonly ClientKind[];
  readonly now: Date;
}

function judgeClaims(
  payload: unknown,
  settings: IssuerSettings,
  { clients, now }: Occasion,
): IdentityVerdict {
  const parsed = claimsShape.safeParse(payload);
  if (!parsed.success) return refused("invalid", z.prettifyError(parsed.error));
  const claims = parsed.data;
  const clientId = clientOf(claims, settings);
  const client = clients.find((kind) => settings.clients[kind] === clientId);
  if (client === undefined) return refused("invalid", `audience ${claims.aud.join(", ")}, azp ${claims.azp}`);
  if (isInFuture(claims.auth_time, now)) return refused("invalid", "auth_time in the future");
  const groups = parseGroups(claims, settings.groupsClaim);
  if (groups.kind === "refused") return refused("invalid", groups.detail);
  return {
    kind: "proven",
    identity: {
      principal: asTrusted(
        {
          id: principalId(settings.issuer, claims.sub),
          issuer: settings.issuer,
          subject: claims.sub,
          email: claims.email_verified === true ? claims.email : undefined,
          groups: groups.groups,
        },
        settings.trust,
      ),
      client,
      signedInAt: claims.auth_time === undefined ? undefined : new Date(claims.auth_time * 1000),
      countsUntil: new Date(claims.exp * 1000 + limits.tokenSkewMs),
    },
  };
}

/**
 * OpenID Connect Core section 3.1.3.7, steps 3 to 5: an audience we do not know means the token was meant for somebody
 * else as well; with several, `azp` says whose it is.
 */
function clientOf({ aud, azp }: Claims, { clients }: IssuerSettings): string | undefined {
  const ours: readonly string[] = Object.values(clients);
  if (!aud.every((each) => ours.includes(each))) return undefined;
  if (aud.length > 1) return azp !== undefined && aud.includes(azp) ? azp : undefined;
  return azp === undefined || azp === aud[0] ? aud[0] : undefined;
}

function isInFuture(seconds: number | undefined, now: Date): boolean {
  return seconds !== undefined && seconds * 1000 > now.getTime() + limits.tokenSkewMs;
}
