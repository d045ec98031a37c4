import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import "../../src/keys/reflection.ts";
import * as x509 from "@peculiar/x509";
import { SignedXml } from "xml-crypto";
import type { SamlSettings } from "#identity";
import type { Clock } from "#lib/clock";
import type { FakePerson } from "./token-issuer.ts";

/** What one response says, member by member, so that a test can say anything else. `undefined` leaves it out. */
export interface SamlWords {
  readonly requestId: string | undefined;
  readonly destination: string | undefined;
  readonly responseIssuer: string | undefined;
  readonly status: string;
  readonly assertionId: string;
  readonly assertionIssuer: string | undefined;
  /** Content of `<Subject>` before the confirmation. */
  readonly nameId: string;
  readonly method: string;
  readonly confirmation: Readonly<Record<string, string | undefined>>;
  readonly conditions: string;
  readonly authentication: string;
  readonly attributes: string;
  /** Put into the assertion at its end, before signing. */
  readonly more: string;
  readonly issueInstant: string;
}

export interface SigningChoice {
  readonly response?: boolean;
  readonly assertion?: boolean;
  readonly signatureAlgorithm?: string;
  readonly digestAlgorithm?: string;
  readonly canonicalization?: string;
  readonly transforms?: readonly string[];
  /** Another key than the provider's. */
  readonly key?: { readonly privateKey: KeyObject; readonly certificate: string };
}

/** An identity provider that signs whatever a test wants. */
export interface SamlProvider {
  readonly settings: SamlSettings;
  /** The ID of the request that the browser was sent with, and what it asks. */
  requestOf(location: URL): { readonly id: string; readonly xml: string };
  /** The words of an honest answer. */
  words(requestId: string, person: FakePerson): SamlWords;
  xml(words: SamlWords, choice?: SigningChoice): string;
  /** An honest answer, as the browser posts it. */
  answer(location: URL, person: FakePerson, changes?: Partial<SamlWords>): string;
}

const protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
const assertion = "urn:oasis:names:tc:SAML:2.0:assertion";
export const rsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
const enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

export async function samlProvider(
  clock: Clock,
  controlUrl: string,
  changes: Partial<SamlSettings> = {},
): Promise<SamlProvider> {
  const key = await signingKey();
  const settings: SamlSettings = {
    id: "corp",
    issuer: "https://saml.example.com/idp",
    signInUrl: "https://saml.example.com/sso",
    certificates: [key.certificate],
    subjectAttribute: undefined,
    emailAttribute: "email",
    groupsAttribute: "groups",
    trust: { groups: undefined, emailDomains: undefined },
    ...changes,
  };
  const consumer = `${controlUrl}/saml/${settings.id}/acs`;
  const after = (ms: number): string => new Date(clock.now().getTime() + ms).toISOString();
  const provider: SamlProvider = {
    settings,
    requestOf: (location) => {
      const packed = location.searchParams.get("SAMLRequest") ?? "";
      const xml = inflateRawSync(Buffer.from(packed, "base64")).toString();
      return { id: / ID="([^"]+)"/.exec(xml)?.[1] ?? "", xml };
    },
    words: (requestId, person) => ({
      requestId,
      destination: consumer,
      responseIssuer: settings.issuer,
      status: statusOf("urn:oasis:names:tc:SAML:2.0:status:Success"),
      assertionId: `_a${requestId}`,
      assertionIssuer: settings.issuer,
      nameId: `<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">saml-${person.email}</saml:NameID>`,
      method: "urn:oasis:names:tc:SAML:2.0:cm:bearer",
      confirmation: { InResponseTo: requestId, Recipient: consumer, NotOnOrAfter: after(300_000) },
      conditions: `<saml:Conditions NotBefore="${after(-1_000)}" NotOnOrAfter="${after(300_000)}"><saml:AudienceRestriction><saml:Audience>${controlUrl}/saml/${settings.id}</saml:Audience></saml:AudienceRestriction></saml:Conditions>`,
      authentication: `<saml:AuthnStatement AuthnInstant="${after(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`,
      attributes: `<saml:AttributeStatement>${attribute("email", [person.email])}${attribute("groups", person.groups)}</saml:AttributeStatement>`,
      more: "",
      issueInstant: after(0),
    }),
    xml: (words, choice = {}) => signed(responseXml(words), choice, choice.key ?? key),
    answer: (location, person, different = {}) => {
      const words = { ...provider.words(provider.requestOf(location).id, person), ...different };
      return posted(provider.xml(words));
    },
  };
  return provider;
}

export function posted(xml: string): string {
  return Buffer.from(xml, "utf8").toString("base64");
}

export function statusOf(code: string): string {
  return `<samlp:Status><samlp:StatusCode Value="${code}"/></samlp:Status>`;
}

export function attribute(name: string, values: readonly string[]): string {
  const inner = values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join("");
  return `<saml:Attribute Name="${name}">${inner}</saml:Attribute>`;
}

function responseXml(words: SamlWords): string {
  const head = attributesOf({
    ID: `_r${words.assertionId}`,
    Version: "2.0",
    IssueInstant: words.issueInstant,
    Destination: words.destination,
    InResponseTo: words.requestId,
  });
  return `<samlp:Response xmlns:samlp="${protocol}" xmlns:saml="${assertion}"${head}>${issuerOf(words.responseIssuer)}${words.status}${assertionXml(words)}</samlp:Response>`;
}

export function assertionXml(words: SamlWords): string {
  const head = attributesOf({ ID: words.assertionId, Version: "2.0", IssueInstant: words.issueInstant });
  return `<saml:Assertion xmlns:saml="${assertion}"${head}>${issuerOf(words.assertionIssuer)}<saml:Subject>${words.nameId}<saml:SubjectConfirmation Method="${words.method}"><saml:SubjectConfirmationData${attributesOf(words.confirmation)}/></saml:SubjectConfirmation></saml:Subject>${words.conditions}${words.authentication}${words.attributes}${words.more}</saml:Assertion>`;
}

function attributesOf(members: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(members)
    .map(([name, value]) => (value === undefined ? "" : ` ${name}="${value}"`))
    .join("");
}

function issuerOf(issuer: string | undefined): string {
  return issuer === undefined ? "" : `<saml:Issuer>${issuer}</saml:Issuer>`;
}

type Key = NonNullable<SigningChoice["key"]>;

function signed(xml: string, choice: SigningChoice, key: Key): string {
  const inner = choice.assertion === false ? xml : sign(xml, "Assertion", { choice, key });
  return choice.response === false ? inner : sign(inner, "Response", { choice, key });
}

function sign(xml: string, name: string, { choice, key }: { choice: SigningChoice; key: Key }): string {
  const signer = new SignedXml({
    privateKey: key.privateKey.export({ type: "pkcs8", format: "pem" }),
    publicCert: key.certificate,
    signatureAlgorithm: choice.signatureAlgorithm ?? rsaSha256,
    canonicalizationAlgorithm: choice.canonicalization ?? exclusive,
  });
  const xpath = `//*[local-name(.)='${name}']`;
  signer.addReference({
    xpath,
    transforms: [...(choice.transforms ?? [enveloped, exclusive])],
    digestAlgorithm: choice.digestAlgorithm ?? sha256,
  });
  signer.computeSignature(xml, { location: { reference: xpath, action: "prepend" } });
  return signer.getSignedXml();
}

/** Makes a key and a certificate for it, as providers put into their metadata. */
export async function signingKey(bits = 2048): Promise<Key> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const take = async (key: KeyObject, use: "sign" | "verify") =>
    crypto.subtle.importKey(
      use === "sign" ? "pkcs8" : "spki",
      key.export({ format: "der", type: use === "sign" ? "pkcs8" : "spki" }),
      algorithm,
      true,
      [use],
    );
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=saml.example.com",
    signingAlgorithm: algorithm,
    keys: { privateKey: await take(privateKey, "sign"), publicKey: await take(publicKey, "verify") },
  });
  return { privateKey, certificate: certificate.toString("pem") };
}
