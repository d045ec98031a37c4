import { createHmac } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "#lib/clock";
import { limits } from "#lib/limits";
import { identityUnderTest } from "../fakes/identity-under-test.ts";
import {
  assertionXml,
  posted,
  rsaSha256,
  type SamlProvider,
  type SamlWords,
  type SigningChoice,
  samlProvider,
  signingKey,
  statusOf,
} from "../fakes/saml-provider.ts";
import { approver, developer, readPart } from "../fakes/token-issuer.ts";
import { freePort, type GatewayWithProviders, startGateway } from "./gateway-with-providers.ts";
import { HttpBrowser } from "./http-browser.ts";
import { matrix } from "./matrix.ts";

const samlRow = matrix("SAML responses, posted to a running Gatehouse");
const tokenRow = matrix("ID tokens, traded at the token endpoint");

const after = (ms: number): string => new Date(systemClock.now().getTime() + ms).toISOString();
const stale = limits.tokenSkewMs + 60_000;

interface SamlAttack {
  readonly words?: (words: SamlWords) => Partial<SamlWords>;
  readonly choice?: SigningChoice;
  readonly tamper?: (xml: string, words: SamlWords) => string;
}

const forged = (words: SamlWords): string =>
  assertionXml({ ...words, assertionId: "_forged", nameId: "<saml:NameID>admin</saml:NameID>" });
const confirmed = (changes: Record<string, string | undefined>): SamlAttack => ({
  words: ({ confirmation }) => ({ confirmation: { ...confirmation, ...changes } }),
});
const said = (changes: Partial<SamlWords>): SamlAttack => ({ words: () => changes });
const tampered = (tamper: NonNullable<SamlAttack["tamper"]>): SamlAttack => ({ tamper });

const samlAttacks: Readonly<Record<string, SamlAttack>> = {
  "changed NameID": tampered((xml) => xml.replace("saml-approver", "saml-admin")),
  "changed group": tampered((xml) => xml.replace(">sre<", ">platform<")),
  "forged assertion before the signed one": tampered((xml, words) =>
    xml.replace("<saml:Assertion", `${forged(words)}<saml:Assertion`),
  ),
  "forged assertion after the signed one": tampered((xml, words) =>
    xml.replace("</samlp:Response>", `${forged(words)}</samlp:Response>`),
  ),
  "forged assertion in an extension": tampered((xml, words) =>
    xml.replace("<samlp:Status>", `<samlp:Extensions>${forged(words)}</samlp:Extensions><samlp:Status>`),
  ),
  "two roots": tampered((xml, words) => forged(words) + xml),
  "response unsigned": { choice: { response: false } },
  "assertion unsigned": { choice: { assertion: false } },
  "nothing signed": { choice: { response: false, assertion: false } },
  "SHA-1 signature": { choice: { signatureAlgorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1" } },
  "SHA-1 digest": { choice: { digestAlgorithm: "http://www.w3.org/2000/09/xmldsig#sha1" } },
  "HMAC confusion": tampered((xml) =>
    xml.replaceAll(rsaSha256, "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
  ),
  "DOCTYPE with an entity": tampered((xml) => `<!DOCTYPE x [<!ENTITY a "b">]>${xml}`),
  "comment in the NameID": tampered((xml) => xml.replace("saml-approver", "saml-<!-- -->approver")),
  "other Destination": said({ destination: "https://other.example.com/acs" }),
  "no Destination": said({ destination: undefined }),
  "other Issuer": said({ responseIssuer: "https://evil.example.com" }),
  "other Issuer of the assertion": said({ assertionIssuer: "https://evil.example.com" }),
  "status Responder": said({ status: statusOf("urn:oasis:names:tc:SAML:2.0:status:Responder") }),
  "no status": said({ status: "" }),
  "no InResponseTo (provider began)": said({ requestId: undefined }),
  "other Recipient": confirmed({ Recipient: "https://other.example.com/acs" }),
  "confirmation of another request": confirmed({ InResponseTo: "_other" }),
  "confirmation expired": confirmed({ NotOnOrAfter: after(-stale) }),
  "other audience": {
    words: ({ conditions }) => ({
      conditions: conditions.replace(/<saml:Audience>[^<]*/, "<saml:Audience>x"),
    }),
  },
  "no conditions": said({ conditions: "" }),
  "no authentication statement": said({ authentication: "" }),
  "empty NameID": said({ nameId: "<saml:NameID/>" }),
  "SPNameQualifier of another": said({ nameId: '<saml:NameID SPNameQualifier="x">a</saml:NameID>' }),
  "larger than 256 KiB": said({ more: `<saml:Advice>${"x".repeat(limits.samlXmlBytesMax)}</saml:Advice>` }),
};

describe("SAML", () => {
  let gateway: GatewayWithProviders;
  let provider: SamlProvider;
  beforeAll(async () => {
    const port = await freePort();
    provider = await samlProvider(systemClock, `http://127.0.0.1:${port}`);
    const { issuer, signInUrl: sign_in_url, certificates } = provider.settings;
    const certificate = certificates[0] ?? "";
    gateway = await startGateway([{ name: "corp", issuer, sign_in_url, certificate }], port);
  });
  afterAll(() => gateway.close());

  /** What becomes of one answer: the browser is let in, or it is not. */
  async function outcomeOf(
    { words: change, choice, tamper }: SamlAttack,
    key?: SigningChoice["key"],
  ): Promise<string> {
    const { controlUrl } = gateway;
    const begun = await fetch(`${controlUrl}/sign-in?provider=corp`, { redirect: "manual" });
    const cookie = begun.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const honest = provider.words(
      provider.requestOf(new URL(begun.headers.get("location") ?? "")).id,
      approver,
    );
    const words = { ...honest, ...change?.(honest) };
    const xml = provider.xml(words, { ...choice, ...(key === undefined ? {} : { key }) });
    const answer = await fetch(`${controlUrl}/saml/corp/acs`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ SAMLResponse: posted(tamper?.(xml, words) ?? xml) }),
    });
    const ticket = answer.headers.get("location");
    if (ticket === null) return "refused";
    const done = await fetch(new URL(ticket, controlUrl), { redirect: "manual", headers: { cookie } });
    const isIn = done.headers.getSetCookie().some((line) => line.startsWith("gatehouse_session="));
    return isIn ? "signed in" : "refused";
  }

  test("an honest answer signs in, or none of the refusals would prove anything", async () => {
    samlRow({ what: "honest answer", expected: "signed in", observed: await outcomeOf({}) });
  });

  test.each(Object.entries(samlAttacks))("%s", async (what, attack) => {
    samlRow({ what, expected: "refused", observed: await outcomeOf(attack) });
  });

  test("signed by another key", async () => {
    const observed = await outcomeOf({}, await signingKey());
    samlRow({ what: "signed by another key", expected: "refused", observed });
  });

  test("after all of these the gateway still answers, and still lets honest people in", async () => {
    expect((await new HttpBrowser().get(`${gateway.controlUrl}/healthz`)).status).toBe(200);
    samlRow({
      what: "honest answer, after the attacks",
      expected: "signed in",
      observed: await outcomeOf({}),
    });
  });
});

describe("ID tokens", () => {
  type Parts = Awaited<ReturnType<typeof identityUnderTest>>;

  async function outcomeOf(make: (parts: Parts) => Promise<string>): Promise<string> {
    const parts = await identityUnderTest();
    const outcome = await parts.identity.tokenEndpoint.answer({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: await make(parts),
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      agent: "cursor",
    });
    return outcome.kind === "issued"
      ? "session opened"
      : outcome.kind === "refused"
        ? outcome.error
        : outcome.kind;
  }

  const withClaims =
    (claims: Record<string, unknown>, header = {}) =>
    (parts: Parts) =>
      parts.issuer.idToken("agent", developer, claims, header);
  const nowS = (): number => Math.floor(systemClock.now().getTime() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

  const attacks: Readonly<Record<string, (parts: Parts) => Promise<string>>> = {
    "algorithm none": async (parts) => {
      const [, claims = ""] = (await parts.issuer.idToken("agent", developer)).split(".");
      return `${part({ alg: "none" })}.${claims}.`;
    },
    "HS256 with the public key": async (parts) => {
      const [, claims = ""] = (await parts.issuer.idToken("agent", developer)).split(".");
      const keys = await parts.issuer.network.fetchJson(new URL("https://login.example.com/jwks"), {
        bytesMax: 1,
        timeoutMs: 1,
      });
      const signed = `${part({ alg: "HS256" })}.${claims}`;
      const mac = createHmac("sha256", JSON.stringify(keys)).update(signed).digest("base64url");
      return `${signed}.${mac}`;
    },
    "a key of its own in the header (jwk)": async (parts) => {
      const { privateKey, publicKey } = await generateKeyPair("ES256");
      const [, claims = ""] = (await parts.issuer.idToken("agent", developer)).split(".");
      const payload = readPart(`.${claims}.`, "claims");
      return new SignJWT(payload)
        .setProtectedHeader({ alg: "ES256", jwk: await exportJWK(publicKey) })
        .sign(privateKey);
    },
    "kid as a path": withClaims({}, { kid: "../../etc/passwd" }),
    "kid as SQL": withClaims({}, { kid: "' OR 1=1 --" }),
    "an access token's type (at+jwt)": withClaims({}, { typ: "at+jwt" }),
    "a logout token's type": withClaims({}, { typ: "logout+jwt" }),
    "another issuer": withClaims({ iss: "https://evil.example.com" }),
    "the issuer with a slash": withClaims({ iss: "https://login.example.com/" }),
    "no subject": withClaims({ sub: undefined }),
    "no audience": withClaims({ aud: undefined }),
    "another audience": withClaims({ aud: "somebody-else" }),
    "a further audience": withClaims({ aud: ["gatehouse-agent", "somebody-else"], azp: "gatehouse-agent" }),
    "the console client's token": (parts) => parts.issuer.idToken("console", developer),
    "the web client's token": (parts) => parts.issuer.idToken("web", developer),
    "no iat": withClaims({ iat: undefined }),
    expired: withClaims({ exp: nowS() - stale / 1000 }),
    "of the future": withClaims({ nbf: nowS() + 600 }),
    "an encrypted token (five parts)": async (parts) =>
      `${await parts.issuer.idToken("agent", developer)}.AAAA.AAAA`,
    "the audience of a resource that is not ours": withClaims({ aud: "api://other", azp: "gatehouse-agent" }),
    "of a key that is gone": async (parts) => {
      const token = await parts.issuer.idToken("agent", developer);
      await parts.issuer.rotateKeys();
      return token;
    },
    "a payload changed after signing": async (parts) => {
      const [head, claims = "", signature] = (await parts.issuer.idToken("agent", developer)).split(".");
      const changed = Buffer.from(claims, "base64url").toString().replace("developer", "approver1");
      return `${head}.${Buffer.from(changed).toString("base64url")}.${signature}`;
    },
  };

  test("an honest token opens a session, or none of the refusals would prove anything", async () => {
    const observed = await outcomeOf((parts) => parts.issuer.idToken("agent", developer));
    tokenRow({ what: "honest token", expected: "session opened", observed });
  });

  test.each(Object.entries(attacks))("%s", async (what, make) => {
    tokenRow({ what, expected: "invalid_request", observed: await outcomeOf(make) });
  });

  test("groups that the provider keeps elsewhere are not taken for none", async () => {
    const observed = await outcomeOf(withClaims({ _claim_names: { groups: "elsewhere" } }));
    tokenRow({ what: "group overage", expected: "access_denied", observed });
  });

  test("a provider that cannot be reached opens no door", async () => {
    const observed = await outcomeOf(async (parts) => {
      const token = await parts.issuer.idToken("agent", developer);
      parts.issuer.isDown = true;
      return token;
    });
    tokenRow({ what: "provider unreachable", expected: "temporarily_unavailable", observed });
  });

  test("a provider whose documents name another issuer opens no door", async () => {
    const observed = await outcomeOf(async (parts) => {
      parts.issuer.discovery = { issuer: "https://evil.example.com" };
      return parts.issuer.idToken("agent", developer);
    });
    tokenRow({ what: "discovery of another issuer", expected: "temporarily_unavailable", observed });
  });
});
