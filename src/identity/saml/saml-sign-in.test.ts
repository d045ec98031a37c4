import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import { memorySpentAssertions } from "../../../test/fakes/memory-spent-assertions.ts";
import {
  assertionXml,
  attribute,
  posted,
  rsaSha256,
  type SamlWords,
  type SigningChoice,
  samlProvider,
  signingKey,
  statusOf,
} from "../../../test/fakes/saml-provider.ts";
import { approver, developer } from "../../../test/fakes/token-issuer.ts";
import type { SamlSettings } from "./saml-settings.ts";
import { openSamlSignIn } from "./saml-sign-in.ts";

const controlUrl = "http://127.0.0.1:8440";

async function underTest(settings: Partial<SamlSettings> = {}) {
  const clock = manualClock(new Date().toISOString());
  const provider = await samlProvider(clock, controlUrl, settings);
  const spentAssertions = memorySpentAssertions();
  const parts = { settings: provider.settings, controlUrl, spentAssertions, clock };
  const signIn = openSamlSignIn(parts);
  const begin = (isFresh = false) => signIn.begin({ isFresh });
  /** The outcome of one posted answer in a sentence. */
  const finish = async (response: string, pending: Awaited<ReturnType<typeof begin>>["pending"]) => {
    const outcome = await signIn.finish(response, pending);
    return outcome.kind === "signed_in"
      ? `signed in ${outcome.identity.principal.subject}`
      : `refused: ${outcome.detail}`;
  };
  /** An answer to a new request, honest but for these. */
  const answered = async (
    changes: Partial<SamlWords> | ((words: SamlWords) => Partial<SamlWords>),
    choice: SigningChoice = {},
    tamper: (xml: string) => string = (xml) => xml,
  ) => {
    const { location, pending } = await begin();
    const words = provider.words(provider.requestOf(location).id, approver);
    const changed = typeof changes === "function" ? changes(words) : changes;
    return finish(posted(tamper(provider.xml({ ...words, ...changed }, choice))), pending);
  };
  return { clock, provider, parts, signIn, begin, finish, answered };
}

const after = (ms: number): string => new Date(Date.now() + ms).toISOString();
const long = limits.tokenSkewMs + 5_000;

test("an honest answer signs in, with NameID, e-mail, groups and the moment the person was there", async () => {
  const { provider, begin, signIn } = await underTest();
  const { location, pending } = await begin();
  const outcome = await signIn.finish(provider.answer(location, approver), pending);
  expect(outcome).toMatchObject({
    kind: "signed_in",
    identity: {
      client: "web",
      principal: {
        issuer: provider.settings.issuer,
        subject: "saml-approver@example.com",
        email: "approver@example.com",
        groups: ["sre"],
      },
    },
  });
  expect(outcome.kind === "signed_in" && outcome.identity.signedInAt).toBeInstanceOf(Date);
});

test.each<[string, Partial<SamlWords>, RegExp]>([
  [
    "for another address (Destination)",
    { destination: "https://other.example.com/acs" },
    /Destination https/,
  ],
  ["with an empty Destination", { destination: "" }, /Destination/],
  ["without a Destination", { destination: undefined }, /Destination missing/],
  [
    "of another provider (Issuer of the Response)",
    { responseIssuer: "https://evil.example.com" },
    /Issuer of Response/,
  ],
  ["without an issuer", { responseIssuer: undefined }, /0 of Issuer in Response/],
  [
    "whose assertion is another provider's",
    { assertionIssuer: "https://evil.example.com" },
    /Issuer of Assertion/,
  ],
  ["whose assertion names no issuer", { assertionIssuer: undefined }, /0 of Issuer in Assertion/],
  [
    "that says it failed",
    { status: statusOf("urn:oasis:names:tc:SAML:2.0:status:Responder") },
    /StatusCode urn/,
  ],
  ["without a status", { status: "" }, /0 of Status/],
  ["with a status without a code", { status: "<samlp:Status/>" }, /0 of StatusCode/],
  ["to no request (sent by the provider on its own)", { requestId: undefined }, /InResponseTo missing/],
  ["to a request that was never made", { requestId: "_0123" }, /InResponseTo _0123/],
  ["without conditions", { conditions: "" }, /0 of Conditions/],
  ["without an audience", { conditions: "<saml:Conditions/>" }, /no AudienceRestriction/],
  ["without an authentication statement", { authentication: "" }, /0 of AuthnStatement/],
  [
    "whose confirmation is no bearer's",
    { method: "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches" },
    /method/,
  ],
  ["with an encrypted NameID", { nameId: "<saml:EncryptedID>x</saml:EncryptedID>" }, /encrypted NameID/],
  ["with an empty NameID", { nameId: "<saml:NameID> </saml:NameID>" }, /NameID is empty/],
  [
    "with a NameID that hides a direction mark",
    { nameId: "<saml:NameID>a\u202eb</saml:NameID>" },
    /no screen/,
  ],
  [
    "with a NameID that holds an element",
    { nameId: "<saml:NameID>a<b>c</b></saml:NameID>" },
    /elements in it/,
  ],
  [
    "with a transient NameID, under which nobody is who they were",
    { nameId: '<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">x</saml:NameID>' },
    /transient/,
  ],
  [
    "with a NameID for another service provider (SPNameQualifier)",
    { nameId: '<saml:NameID SPNameQualifier="https://other.example.com">x</saml:NameID>' },
    /SPNameQualifier/,
  ],
  [
    "with two attributes of one name",
    {
      attributes: `<saml:AttributeStatement>${attribute("groups", [])}${attribute("groups", ["sre"])}</saml:AttributeStatement>`,
    },
    /two attributes groups/,
  ],
  [
    "whose condition nobody here knows",
    { conditions: "<saml:Conditions><saml:Condition/></saml:Conditions>" },
    /unknown condition/,
  ],
])("an answer %s is refused, though both signatures hold", async (_name, changes, reason) => {
  const { answered } = await underTest();
  expect(await answered(changes)).toMatch(new RegExp(`^refused: .*${reason.source}`));
});

test.each<[string, Record<string, string | undefined>, RegExp]>([
  ["another recipient", { Recipient: "https://other.example.com/acs" }, /Recipient https/],
  ["no recipient", { Recipient: undefined }, /Recipient missing/],
  ["another request", { InResponseTo: "_0123" }, /InResponseTo/],
  ["no request", { InResponseTo: undefined }, /InResponseTo missing/],
  ["an end in the past", { NotOnOrAfter: after(-long) }, /expired|No valid subject confirmation/],
  ["no end", { NotOnOrAfter: undefined }, /NotOnOrAfter/],
  ["a beginning in the future", { NotBefore: after(long + 60_000) }, /future|No valid subject confirmation/],
  ["an end without a time zone", { NotOnOrAfter: "2099-01-01T00:00:00" }, /NotOnOrAfter 2099/],
])("a confirmation that names %s is refused", async (_name, changes, reason) => {
  const { answered } = await underTest();
  const said = await answered(({ confirmation }) => ({ confirmation: { ...confirmation, ...changes } }));
  expect(said).toMatch(new RegExp(`^refused: .*(${reason.source})`));
});

test.each([
  ["another audience", "https://other.example.com"],
  ["our address with a slash", `${controlUrl}/saml/corp/`],
])("an assertion for %s is refused", async (_name, audience) => {
  const { answered } = await underTest();
  const said = await answered(({ conditions }) => ({
    conditions: conditions.replace(/<saml:Audience>[^<]*/, `<saml:Audience>${audience}`),
  }));
  expect(said).toMatch(/^refused: audience/);
});

test("an assertion restricted to us and, besides, to somebody else is refused", async () => {
  const { answered } = await underTest();
  const other =
    "<saml:AudienceRestriction><saml:Audience>https://b</saml:Audience></saml:AudienceRestriction>";
  const said = await answered(({ conditions }) => ({
    conditions: conditions.replace("</saml:Conditions>", `${other}</saml:Conditions>`),
  }));
  expect(said).toMatch(/^refused: audience/);
});

test.each([
  ["expired conditions", 'NotOnOrAfter="[^"]+"', `NotOnOrAfter="${after(-long)}"`],
  ["conditions of the future", 'NotBefore="[^"]+"', `NotBefore="${after(long + 60_000)}"`],
])("an assertion with %s is refused", async (_name, from, to) => {
  const { answered } = await underTest();
  const said = await answered(({ conditions }) => ({ conditions: conditions.replace(new RegExp(from), to) }));
  expect(said).toMatch(/^refused: .*(expired|future|not yet valid)/);
});

test("a clock that differs by less than a minute shuts nobody out", async () => {
  const { answered } = await underTest();
  const said = await answered(({ conditions }) => ({
    conditions: conditions.replace(/NotBefore="[^"]+"/, `NotBefore="${after(50_000)}"`),
    issueInstant: after(50_000),
  }));
  expect(said).toBe("signed in saml-approver@example.com");
});

test.each([
  ["AuthnInstant in the future", `AuthnInstant="${after(long + 60_000)}"`],
  ["no AuthnInstant", ""],
  ["a provider's session that is over", `AuthnInstant="${after(0)}" SessionNotOnOrAfter="${after(-long)}"`],
])("an authentication statement with %s is refused", async (_name, said) => {
  const { answered } = await underTest();
  expect(await answered({ authentication: `<saml:AuthnStatement ${said}/>` })).toMatch(/^refused/);
});

test("a name with white space around it is the same person as without", async () => {
  const { answered } = await underTest();
  expect(await answered({ nameId: "<saml:NameID>\n   alice\n  </saml:NameID>" })).toBe("signed in alice");
});

test("an answer counts once, after a restart too", async () => {
  const { provider, begin, finish, parts } = await underTest();
  const { location, pending } = await begin();
  const answer = provider.answer(location, approver);
  expect(await finish(answer, pending)).toMatch(/^signed in/);
  expect(await finish(answer, pending)).toBe("refused: this assertion has counted before");
  const restarted = await openSamlSignIn(parts).finish(answer, pending);
  expect(restarted).toMatchObject({ kind: "refused", detail: "this assertion has counted before" });
});

test("a forged answer does not spend the honest one", async () => {
  const { provider, begin, finish } = await underTest();
  const { location, pending } = await begin();
  const answer = provider.answer(location, approver);
  const forged = posted(Buffer.from(answer, "base64").toString().replace("approver@", "admin@"));
  expect(await finish(forged, pending)).toMatch(/^refused/);
  expect(await finish(answer, pending)).toMatch(/^signed in/);
});

test("somebody else's answer does not fit this browser's sign-in (login CSRF)", async () => {
  const { provider, begin, finish } = await underTest();
  const attacker = await begin();
  const victim = await begin();
  expect(await finish(provider.answer(attacker.location, developer), victim.pending)).toMatch(
    /^refused: InRes/,
  );
});

test.each(["response", "assertion"] as const)(
  "a %s without a signature of its own is refused",
  async (which) => {
    const { answered } = await underTest();
    expect(await answered({}, { [which]: false })).toMatch(/^refused/);
  },
);

test("an answer without any signature is refused", async () => {
  const { answered } = await underTest();
  expect(await answered({}, { response: false, assertion: false })).toMatch(/^refused/);
});

test("an answer signed by another key, with that key's certificate inside, is refused (KeyInfo)", async () => {
  const { answered } = await underTest();
  const key = await signingKey();
  const withKey = (xml: string): string =>
    xml.replaceAll(
      "</Signature>",
      `<KeyInfo><X509Data><X509Certificate>${key.certificate.replaceAll(/-----[^-]+-----|\s/g, "")}</X509Certificate></X509Data></KeyInfo></Signature>`,
    );
  expect(await answered({}, { key })).toMatch(/^refused/);
  expect(await answered({}, { key }, withKey)).toMatch(/^refused/);
});

test.each<[string, SigningChoice]>([
  ["a SHA-1 signature", { signatureAlgorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1" }],
  ["a SHA-1 digest", { digestAlgorithm: "http://www.w3.org/2000/09/xmldsig#sha1" }],
  ["inclusive canonicalisation", { canonicalization: "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" }],
  [
    "comments left in (WithComments)",
    { canonicalization: "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" },
  ],
  [
    "a transform nobody needs",
    {
      transforms: [
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
      ],
    },
  ],
])("an answer with %s is refused", async (_name, choice) => {
  const { answered } = await underTest();
  expect(await answered({}, choice)).toMatch(
    /^refused: (signature alg|digest alg|canonicalisation|transforms)/,
  );
});

test("a signature that calls itself an HMAC over the public certificate is refused (algorithm confusion)", async () => {
  const { answered } = await underTest();
  const hmac = (xml: string): string =>
    xml.replaceAll(rsaSha256, "http://www.w3.org/2000/09/xmldsig#hmac-sha1");
  expect(await answered({}, {}, hmac)).toMatch(/^refused: signature algorithm .*hmac/);
});

test.each<[string, (xml: string) => string]>([
  ["a changed NameID", (xml) => xml.replace("saml-approver", "saml-admin")],
  ["a changed group", (xml) => xml.replace(">sre<", ">platform<")],
  ["an attribute added to the response", (xml) => xml.replace('Version="2.0"', 'Version="2.0" x="1"')],
  ["a comment in the NameID", (xml) => xml.replace("saml-approver", "saml-<!-- -->approver")],
  ["a processing instruction", (xml) => xml.replace("<saml:Issuer>", "<?x y?><saml:Issuer>")],
  ["a DOCTYPE", (xml) => `<!DOCTYPE x [<!ENTITY a "b">]>${xml}`],
  ["a doctype in small letters", (xml) => `<!doctype x>${xml}`],
  ["an entity nobody declared", (xml) => xml.replace("saml-approver", "&file;")],
  ["two roots", (xml) => `${xml}${xml}`],
  ["text after the root", (xml) => `${xml}text`],
  ["a CDATA section", (xml) => xml.replace("saml-approver", "<![CDATA[saml-approver]]>")],
  ["an attribute that comes twice", (xml) => xml.replace('Version="2.0"', 'Version="2.0" Version="2.0"')],
  ["an Object in the signature", (xml) => xml.replace("</Signature>", "<Object>x</Object></Signature>")],
  ["a second signature", (xml) => xml.replace(/(<Signature.*?<\/Signature>)/s, "$1$1")],
  ["broken XML", (xml) => xml.slice(0, -3)],
])("an answer with %s is refused", async (_name, tamper) => {
  const { answered } = await underTest();
  expect(await answered({}, {}, tamper)).toMatch(/^refused/);
});

// Signature wrapping: the signed assertion stays somewhere in the document, and a forged one stands where it is read.
const forged = (words: SamlWords): string =>
  assertionXml({ ...words, assertionId: "_forged", nameId: "<saml:NameID>admin</saml:NameID>" });

test.each<[string, (xml: string, evil: string) => string]>([
  ["before the signed one", (xml, evil) => xml.replace("<saml:Assertion", `${evil}<saml:Assertion`)],
  ["after the signed one", (xml, evil) => xml.replace("</samlp:Response>", `${evil}</samlp:Response>`)],
  [
    "around the signed one",
    (xml, evil) =>
      xml.replace(/<saml:Assertion.*<\/saml:Assertion>/s, (signed) =>
        evil.replace("</saml:Assertion>", `<saml:Advice>${signed}</saml:Advice></saml:Assertion>`),
      ),
  ],
  [
    "in its place, the signed one in an Object of the signature",
    (xml, evil) => {
      const signed = /<saml:Assertion.*<\/saml:Assertion>/s.exec(xml)?.[0] ?? "";
      return xml
        .replace(signed, evil)
        .replace("</SignatureValue>", `</SignatureValue><Object>${signed}</Object>`);
    },
  ],
  [
    "in an extension of the response",
    (xml, evil) =>
      xml.replace("<samlp:Status>", `<samlp:Extensions>${evil}</samlp:Extensions><samlp:Status>`),
  ],
  ["as a second root", (xml, evil) => `${evil}${xml}`],
  [
    "under the ID of the signed one",
    (xml, evil) =>
      xml.replace(
        "<samlp:Status>",
        `${evil.replace("_forged", /<saml:Assertion[^>]* ID="([^"]+)"/.exec(xml)?.[1] ?? "")}<samlp:Status>`,
      ),
  ],
])("a forged assertion %s is refused (signature wrapping)", async (_name, wrap) => {
  const { provider, begin, finish } = await underTest();
  for (const choice of [{}, { response: false }, { assertion: false }]) {
    const { location, pending } = await begin();
    const words = provider.words(provider.requestOf(location).id, approver);
    const said = await finish(posted(wrap(provider.xml(words, choice), forged(words))), pending);
    expect(said).toMatch(/^refused/);
  }
});

test("two assertions are refused, even when all of it is signed", async () => {
  const { answered } = await underTest();
  const said = await answered((words) => ({ status: words.status + forged(words) }));
  expect(said).toMatch(/^refused: 2 of Assertion/);
});

test("an encrypted assertion is refused and said to be", async () => {
  const { answered } = await underTest();
  const said = await answered(({ status }) => ({ status: `${status}<saml:EncryptedAssertion/>` }));
  expect(said).toBe("refused: an encrypted assertion");
});

test.each([
  ["too large", posted(`<a>${"x".repeat(limits.samlXmlBytesMax)}</a>`)],
  ["larger than anything that is decoded", "A".repeat(limits.samlPostBytesMax + 4)],
  ["nested deeper than any", posted("<a>".repeat(2_000) + "</a>".repeat(2_000))],
  ["of more elements than any", posted(`<a>${"<b/>".repeat(limits.samlElementsMax)}</a>`)],
  [
    "of more attributes than any element has",
    posted(
      `<a ${Array.from({ length: limits.samlAttributesOfElementMax + 1 }, (_, index) => `b${index}=""`).join(" ")}/>`,
    ),
  ],
  [
    "of more attributes than any",
    posted(
      `<a ${Array.from({ length: limits.samlAttributesMax + 1 }, (_, index) => `b${index}=""`).join(" ")}/>`,
    ),
  ],
  ["not base64", "<samlp:Response/>"],
  ["not UTF-8", Buffer.from([0x3c, 0xff, 0x3e]).toString("base64")],
  ["not XML", posted("hello")],
  ["empty of elements", posted(" ")],
])("a response that is %s is refused", async (_name, response) => {
  const { begin, finish } = await underTest();
  expect(await finish(response, (await begin()).pending)).toMatch(/^refused/);
});

test("a provider speaks only for the groups and the e-mail domains it was trusted with", async () => {
  const trust = { groups: ["partner"], emailDomains: ["partner.example.com"] };
  const { provider, begin, signIn } = await underTest({ trust });
  const { location, pending } = await begin();
  const person = { email: "approver@example.com", groups: ["sre", "partner"] };
  const outcome = await signIn.finish(provider.answer(location, person), pending);
  expect(outcome).toMatchObject({ identity: { principal: { groups: ["partner"], email: undefined } } });
});

test("more groups than anybody has are refused, not cut", async () => {
  const { answered } = await underTest();
  const names = Array.from({ length: limits.groupsMax + 1 }, (_, index) => `g${index}`);
  const said = await answered({
    attributes: `<saml:AttributeStatement>${attribute("groups", names)}</saml:AttributeStatement>`,
  });
  expect(said).toMatch(/^refused: claim groups names 1001 groups/);
});

test("no groups attribute means no groups", async () => {
  const { provider, begin, signIn } = await underTest();
  const { location, pending } = await begin();
  const outcome = await signIn.finish(provider.answer(location, approver, { attributes: "" }), pending);
  expect(outcome).toMatchObject({ identity: { principal: { groups: [], email: undefined } } });
});

test("an attribute can tell people apart where the NameID is transient; it must be there, once", async () => {
  const { answered } = await underTest({ subjectAttribute: "uid" });
  const nameId = '<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">x</saml:NameID>';
  const uids = (values: readonly string[]) => ({
    nameId,
    attributes: `<saml:AttributeStatement>${attribute("uid", values)}</saml:AttributeStatement>`,
  });
  expect(await answered(uids(["u-1"]))).toBe("signed in u-1");
  expect(await answered(uids([]))).toMatch(/^refused: 0 of value/);
  expect(await answered(uids(["u-1", "u-2"]))).toMatch(/^refused: 2 of value/);
  expect(await answered({ nameId })).toMatch(/^refused: 0 of value/);
});

test("a fresh sign-in asks for the person anew, and takes no older one (ForceAuthn, AuthnInstant)", async () => {
  const { provider, begin, finish } = await underTest();
  const fresh = await begin(true);
  expect(provider.requestOf(fresh.location).xml).toContain('ForceAuthn="true"');
  const old = { authentication: `<saml:AuthnStatement AuthnInstant="${after(-4 * 60_000)}"/>` };
  expect(await finish(provider.answer(fresh.location, approver, old), fresh.pending)).toMatch(
    /did not ask again/,
  );
  expect(await finish(provider.answer(fresh.location, approver), fresh.pending)).toMatch(/^signed in/);
  const any = await begin(false);
  expect(provider.requestOf(any.location).xml).not.toContain("ForceAuthn");
  expect(await finish(provider.answer(any.location, approver, old), any.pending)).toMatch(/^signed in/);
});

test("two certificates count while a provider changes its key, and a withdrawn one no longer", async () => {
  const next = await signingKey();
  const clock = manualClock(new Date().toISOString());
  const provider = await samlProvider(clock, controlUrl);
  const withCertificates = (certificates: readonly string[]) =>
    openSamlSignIn({
      settings: { ...provider.settings, certificates },
      controlUrl,
      spentAssertions: memorySpentAssertions(),
      clock,
    });
  const outcome = async (certificates: readonly string[]) => {
    const signIn = withCertificates(certificates);
    const { location, pending } = await signIn.begin({ isFresh: false });
    return (await signIn.finish(provider.answer(location, approver), pending)).kind;
  };
  expect(await outcome([next.certificate, ...provider.settings.certificates])).toBe("signed_in");
  expect(await outcome([next.certificate])).toBe("refused");
});

test("the request names us and its answer's address, carries no RelayState, and no two have one ID", async () => {
  const { provider, begin } = await underTest();
  const [one, two] = [await begin(), await begin()];
  const { id, xml } = provider.requestOf(one.location);
  expect(xml).toContain(`AssertionConsumerServiceURL="${controlUrl}/saml/corp/acs"`);
  expect(xml).toContain(`>${controlUrl}/saml/corp</saml:Issuer>`);
  expect(one.location.searchParams.has("RelayState")).toBe(false);
  expect(one.location.origin).toBe("https://saml.example.com");
  expect(id).not.toBe(provider.requestOf(two.location).id);
});
