import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import { parseGroups } from "../groups.ts";
import { principalId } from "../principal.ts";
import type { ProvenIdentity } from "../proven-identity.ts";
import type { SignInOutcome } from "../sign-in-provider.ts";
import { asTrusted } from "../trust.ts";
import { type ExpectedAssertion, readAssertion, type SoundAssertion } from "./assertion-rules.ts";
import { requireSoundResponse } from "./response-rules.ts";
import { demand, only, RuleBroken } from "./rule.ts";
import { type SamlSettings, type ServiceProvider, serviceProviderFor } from "./saml-settings.ts";
import type { SpentAssertions } from "./spent-assertions.ts";
import { samlLibrary, verifiedAssertion } from "./verified-assertion.ts";
import { parseXml, type XmlElement } from "./xml-document.ts";

/** A request that the browser carries to a SAML provider; its cookie leads back to this. */
export interface PendingSamlSignIn {
  readonly kind: "saml";
  readonly providerId: string;
  readonly requestId: string;
  /** When somebody has to have proven themselves anew since; `undefined` when any sign-in of theirs will do. */
  readonly freshSince: Date | undefined;
}

/** Sign-in of people at one SAML 2.0 provider: web browser SSO, redirect out, POST back (SAML Profiles section 4.1). */
export interface SamlSignIn {
  begin(options: { readonly isFresh: boolean }): Promise<{ location: URL; pending: PendingSamlSignIn }>;
  /** `response` is the posted `SAMLResponse`. Once for each pending sign-in. */
  finish(response: string, pending: PendingSamlSignIn): Promise<SignInOutcome>;
  /** Our metadata for this provider, XML. */
  readonly metadata: string;
}

export interface SamlSignInParts {
  readonly settings: SamlSettings;
  readonly controlUrl: string;
  readonly spentAssertions: SpentAssertions;
  readonly clock: Clock;
}

export function openSamlSignIn(parts: SamlSignInParts): SamlSignIn {
  const { settings, controlUrl, clock } = parts;
  const us = serviceProviderFor(controlUrl, settings.id);
  return {
    begin: async ({ isFresh }) => {
      // An XML ID does not begin with a digit; 256 random bits, so that nobody answers a request they have not seen.
      const requestId = `_${randomBytes(32).toString("hex")}`;
      const saml = samlLibrary(settings, us, { id: requestId, isFresh });
      // No RelayState: where to go on is kept with the cookie, out of everybody's reach.
      const location = new URL(await saml.getAuthorizeUrlAsync("", undefined, {}));
      const freshSince = isFresh ? clock.now() : undefined;
      return { location, pending: { kind: "saml", providerId: settings.id, requestId, freshSince } };
    },
    finish: async (response, pending) => {
      try {
        return { kind: "signed_in", identity: await judge(response, pending, { ...parts, us }) };
      } catch (error) {
        if (!(error instanceof RuleBroken)) throw error;
        return { kind: "refused", code: "sign_in_refused", detail: error.message };
      }
    },
    metadata: samlLibrary(settings, us, {
      id: metadataId(us),
      isFresh: false,
    }).generateServiceProviderMetadata(null),
  };
}

/** The same each time, so that a provider that compares finds no change. */
function metadataId({ entityId }: ServiceProvider): string {
  return `_${createHash("sha256").update(entityId).digest("hex").slice(0, 32)}`;
}

interface Judging extends SamlSignInParts {
  readonly us: ServiceProvider;
}

async function judge(
  response: string,
  pending: PendingSamlSignIn,
  { settings, us, clock, spentAssertions }: Judging,
): Promise<ProvenIdentity> {
  const now = clock.now();
  const { requestId, freshSince } = pending;
  const expected: ExpectedAssertion = { ...us, issuer: settings.issuer, requestId, now };
  const text = decoded(response);
  requireSoundResponse(rootOf(text), expected);
  const saml = samlLibrary(settings, us, { id: requestId, isFresh: false });
  const assertion = readAssertion(rootOf(await verifiedAssertion(saml, text)), expected);
  requireFresh(assertion, freshSince);
  const identity = identityOf(assertion, settings);
  // Last, so that only what would have counted is spent, and before anybody is let in.
  const isFirst = await spentAssertions.spend(digestOf(settings.issuer, assertion.id), assertion.countsUntil);
  demand(isFirst, "this assertion has counted before");
  return identity;
}

function rootOf(text: string): XmlElement {
  const parsed = parseXml(text);
  if (parsed.kind === "refused") throw new RuleBroken(parsed.detail);
  return parsed.root;
}

/** RFC 4648 base64; some providers break it into lines. */
function decoded(response: string): string {
  demand(response.length <= limits.samlPostBytesMax, "the response is too large");
  const compact = response.replace(/\s+/g, "");
  demand(/^[A-Za-z0-9+/]+={0,2}$/.test(compact), "not base64");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(compact, "base64"));
  } catch {
    throw new RuleBroken("not UTF-8");
  }
}

/** A person who was asked again has been there since; a provider that did not ask shows an older moment. */
function requireFresh({ authenticatedAt }: SoundAssertion, freshSince: Date | undefined): void {
  if (freshSince === undefined) return;
  const isSince = authenticatedAt.getTime() >= freshSince.getTime() - limits.tokenSkewMs;
  demand(isSince, `the provider did not ask again: AuthnInstant ${authenticatedAt.toISOString()}`);
}

const transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const emailAddress = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

function identityOf(assertion: SoundAssertion, settings: SamlSettings): ProvenIdentity {
  const { nameId, attributes, authenticatedAt, countsUntil } = assertion;
  const subject = subjectOf(assertion, settings);
  const values = attributes.get(settings.groupsAttribute) ?? [];
  const groups = parseGroups({ groups: [...values] }, ["groups"], "list");
  if (groups.kind === "refused") throw new RuleBroken(groups.detail);
  const named = settings.emailAttribute === undefined ? undefined : attributes.get(settings.emailAttribute);
  const email = named?.[0] ?? (nameId.format === emailAddress ? nameId.value : undefined);
  demand(named === undefined || named.length === 1, "several e-mail addresses");
  return {
    principal: asTrusted(
      {
        id: principalId(settings.issuer, subject),
        issuer: settings.issuer,
        subject,
        email,
        groups: groups.groups,
      },
      settings.trust,
    ),
    client: "web",
    signedInAt: authenticatedAt,
    // An answer is believed once, in the minute it comes: no earlier sign-out could outlive it.
    issuedAt: undefined,
    countsUntil,
  };
}

/**
 * A transient NameID is another one at each sign-in: with it nobody could be told from themselves, and whoever asked for
 * something could approve it as somebody else.
 */
function subjectOf({ nameId, attributes }: SoundAssertion, { subjectAttribute }: SamlSettings): string {
  if (subjectAttribute === undefined) {
    demand(nameId.format !== transient, "a transient NameID tells nobody apart; configure subject_attribute");
    return nameId.value;
  }
  const value = only(attributes.get(subjectAttribute) ?? [], `value in ${subjectAttribute}`);
  demand(/^\P{C}+$/u.test(value) && value.length <= limits.subjectCharsMax, "an unusable subject");
  return value;
}

/** What is kept of an assertion names nobody. */
function digestOf(issuer: string, id: string): string {
  return createHash("sha256")
    .update(JSON.stringify([issuer, id]))
    .digest("base64url");
}
