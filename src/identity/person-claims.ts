import { z } from "zod";
import { limits } from "#lib/limits";
import { type ClaimPath, type Claims, claimAt, pathName, textAt } from "./claim-path.ts";
import { type GroupsFormat, parseGroups } from "./groups.ts";
import { principalId } from "./principal.ts";
import { type ClientKind, type IdentityVerdict, refusedIdentity } from "./proven-identity.ts";
import { asTrusted, type ProviderTrust } from "./trust.ts";

/** Where an issuer's tokens say what. */
export interface ClaimsMapping {
  readonly subject: ClaimPath;
  readonly email: ClaimPath;
  /** Only `true` there makes the address count. */
  readonly emailVerified: ClaimPath;
  readonly groups: ClaimPath;
  readonly groupsFormat: GroupsFormat;
}

export const standardClaims: ClaimsMapping = {
  subject: ["sub"],
  email: ["email"],
  emailVerified: ["email_verified"],
  groups: ["groups"],
  groupsFormat: "list",
};

/** How the claims of one issuer about people are read. */
export interface PersonRules {
  readonly issuer: string;
  readonly clients: Readonly<Record<ClientKind, string>>;
  /** Audiences of ours besides the clients: resources of ours, say. A token for them says in `azp` who it was issued to. */
  readonly audiences: readonly string[];
  readonly claims: ClaimsMapping;
  /** Ways to sign in that show somebody to be there (`acr`, RFC 9470); any way without it. */
  readonly stepUpAcr: readonly string[] | undefined;
  readonly trust: ProviderTrust;
}

/** Visible ASCII would do (OpenID Connect Core section 2); what no screen shows could make two people look alike. */
export const subjectShape = z
  .string()
  .min(1)
  .max(limits.subjectCharsMax)
  .regex(/^\P{C}+$/u);

export const audienceShape = z.union([
  z.string().transform((one) => [one]),
  z.array(z.string()).min(1).max(10),
]);

const claimsShape = z.looseObject({
  aud: audienceShape,
  azp: z.string().optional(),
  exp: z.number(),
  iat: z.number().optional().catch(undefined),
  auth_time: z.number().int().min(0).optional(),
  acr: z.string().optional().catch(undefined),
});
type ProvenClaims = z.infer<typeof claimsShape>;

export interface Occasion {
  readonly clients: readonly ClientKind[];
  readonly now: Date;
}

/** Who is meant by claims that were proven already, by a signature or by the issuer's own word. */
export function judgePerson(proven: Claims, rules: PersonRules, { clients, now }: Occasion): IdentityVerdict {
  const parsed = claimsShape.safeParse(proven);
  if (!parsed.success) return refusedIdentity("invalid", z.prettifyError(parsed.error));
  const claims = parsed.data;
  const clientId = clientOf(claims, rules);
  const client = clients.find((kind) => rules.clients[kind] === clientId);
  if (client === undefined)
    return refusedIdentity("invalid", `audience ${claims.aud.join(", ")}, azp ${claims.azp}`);
  if (isInFuture(claims.auth_time, now)) return refusedIdentity("invalid", "auth_time in the future");
  const subject = subjectShape.safeParse(claimAt(claims, rules.claims.subject));
  if (!subject.success)
    return refusedIdentity("invalid", `claim ${pathName(rules.claims.subject)} names nobody`);
  const groups = parseGroups(claims, rules.claims.groups, rules.claims.groupsFormat);
  if (groups.kind === "refused") return refusedIdentity(groups.code, groups.detail);
  const principal = {
    id: principalId(rules.issuer, subject.data),
    issuer: rules.issuer,
    subject: subject.data,
    email: verifiedEmail(claims, rules.claims),
    groups: groups.groups,
  };
  return {
    kind: "proven",
    identity: {
      principal: asTrusted(principal, rules.trust),
      client,
      signedInAt: momentOf(claims, rules),
      issuedAt: claims.iat === undefined ? undefined : new Date(claims.iat * 1000),
      countsUntil: new Date(claims.exp * 1000 + limits.tokenSkewMs),
    },
  };
}

/** When the person was there. One who signed in by a weaker way than was demanded is known, and was not seen. */
function momentOf({ auth_time: seconds, acr }: ProvenClaims, { stepUpAcr }: PersonRules): Date | undefined {
  const isStrong = stepUpAcr === undefined || (acr !== undefined && stepUpAcr.includes(acr));
  return seconds === undefined || !isStrong ? undefined : new Date(seconds * 1000);
}

/** Beside an address that somebody typed in, `email_verified` is false or missing; `"true"` is not `true`. */
export function verifiedEmail(
  claims: Claims,
  { email, emailVerified }: Pick<ClaimsMapping, "email" | "emailVerified">,
): string | undefined {
  const address = claimAt(claims, emailVerified) === true ? textAt(claims, email) : undefined;
  return address !== undefined && address.length <= 320 ? address : undefined;
}

/**
 * OpenID Connect Core section 3.1.3.7, steps 3 to 5: an audience we do not know means the token was meant for somebody
 * else as well; with several, `azp` says whose it is.
 */
function clientOf({ aud, azp }: ProvenClaims, { clients, audiences }: PersonRules): string | undefined {
  const ours: readonly string[] = Object.values(clients);
  if (!aud.every((each) => ours.includes(each) || audiences.includes(each))) return undefined;
  const [first, ...others] = aud;
  const isOneClient = others.length === 0 && first !== undefined && ours.includes(first);
  if (isOneClient) return azp === undefined || azp === first ? first : undefined;
  // An audience that is no client tells nobody who got the token: `azp` must, and be a client of ours or an audience too.
  return azp !== undefined && ours.includes(azp) && isPartyTo(azp, aud, audiences) ? azp : undefined;
}

/** Where all audiences are clients, the one it was issued to is among them; a resource's token need not name it there. */
function isPartyTo(azp: string, aud: readonly string[], audiences: readonly string[]): boolean {
  return aud.includes(azp) || aud.every((each) => audiences.includes(each));
}

function isInFuture(seconds: number | undefined, now: Date): boolean {
  return seconds !== undefined && seconds * 1000 > now.getTime() + limits.tokenSkewMs;
}
