import { createHmac, generateKeyPairSync } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { developer, readPart, startTokenIssuer } from "../../test/fakes/token-issuer.ts";
import { parseCompactToken } from "./compact-token.ts";
import { identityTokens } from "./identity-token.ts";
import { principalId } from "./principal.ts";
import type { ClientKind, IdentityVerdict } from "./proven-identity.ts";
import { ProviderKeys } from "./provider-keys.ts";

async function underTest() {
  const clock = manualClock();
  const issuer = await startTokenIssuer(clock);
  const { settings, network } = issuer;
  const keys = new ProviderKeys({ ...settings, fetchJson: network.fetchJson, clock });
  const tokens = identityTokens({ settings, keys, clock });
  const judge = async (
    text: string,
    clients: readonly ClientKind[] = ["agent"],
  ): Promise<IdentityVerdict> => {
    const token = parseCompactToken(text);
    return token === undefined
      ? { kind: "refused", code: "invalid", detail: "malformed" }
      : tokens.verify(token, clients);
  };
  const claims = async (changes: Record<string, unknown>, header: Record<string, unknown> = {}) =>
    judge(await issuer.idToken("agent", developer, changes, header));
  return { clock, issuer, judge, claims, nowS: clock.now().getTime() / 1000 };
}

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const codeOf = (verdict: IdentityVerdict): string => (verdict.kind === "refused" ? verdict.code : "proven");
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const forgedHeaders: readonly string[] = ["none", "None", "NONE", "nOnE"];
test.each(forgedHeaders)(
  "a token whose algorithm is %s is refused, with and without its signature",
  async (alg) => {
    const { issuer, judge } = await underTest();
    const [, payload, signature] = (await issuer.idToken("agent", developer)).split(".");
    expect(codeOf(await judge(`${part({ alg })}.${payload}.`))).toBe("invalid");
    expect(codeOf(await judge(`${part({ alg })}.${payload}.${signature}`))).toBe("invalid");
  },
);

test("a token signed with the provider's public key as an HMAC secret is refused", async () => {
  const { issuer, judge } = await underTest();
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  issuer.jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "rsa" }] };
  const [, payload] = (await issuer.idToken("agent", developer)).split(".");
  const input = `${part({ alg: "HS256", kid: "rsa" })}.${payload}`;
  for (const secret of [publicKey.export({ format: "pem", type: "spki" }), JSON.stringify(issuer.jwks)]) {
    const mac = createHmac("sha256", secret).update(input).digest("base64url");
    expect(codeOf(await judge(`${input}.${mac}`))).toBe("invalid");
  }
});

test("an algorithm that is not on the issuer's list is refused, though its key is published", async () => {
  const { issuer, judge, nowS } = await underTest();
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  issuer.jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "rsa" }] };
  const claims = { iss: issuer.settings.issuer, aud: "gatehouse-agent", sub: "a", iat: nowS, exp: nowS + 60 };
  const text = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "rsa" }).sign(privateKey);
  expect(codeOf(await judge(text))).toBe("invalid");
});

test("a token that brings its own key (jwk, jku, x5u) is judged by the provider's keys alone", async () => {
  const { issuer, judge } = await underTest();
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const claims = readPart(await issuer.idToken("agent", developer), "claims");
  const header = {
    alg: "ES256",
    jwk: await exportJWK(publicKey),
    jku: "https://evil.example/jwks",
    x5u: "https://evil.example",
  };
  expect(codeOf(await judge(await new SignJWT(claims).setProtectedHeader(header).sign(privateKey)))).toBe(
    "invalid",
  );
  expect(issuer.fetched.join()).not.toContain("evil");
});

test("a token with one changed letter is refused", async () => {
  const { issuer, judge } = await underTest();
  const text = await issuer.idToken("agent", developer);
  const [header, payload = "", signature = ""] = text.split(".");
  const other = Buffer.from(
    Buffer.from(payload, "base64url").toString().replace("developer", "approver!"),
  ).toString("base64url");
  expect(codeOf(await judge(`${header}.${other}.${signature}`))).toBe("invalid");
  const flipped = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
  expect(codeOf(await judge(`${header}.${payload}.${flipped}`))).toBe("invalid");
});

test.each(["at+jwt", "application/at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", "JWS"])(
  "a token of type %s does not stand in for an ID token",
  async (typ) => {
    const { claims } = await underTest();
    expect(codeOf(await claims({}, { typ }))).toBe("invalid");
  },
);

const wrongClaims: readonly (readonly [name: string, changes: Record<string, unknown>])[] = [
  ["another issuer", { iss: "https://evil.example.com" }],
  ["the issuer with a slash at its end", { iss: "https://login.example.com/" }],
  ["the issuer in capitals", { iss: "https://LOGIN.example.com" }],
  ["a list of issuers", { iss: ["https://login.example.com"] }],
  ["no issuer", { iss: undefined }],
  ["no subject", { sub: undefined }],
  ["an empty subject", { sub: "" }],
  ["a subject of 256 characters", { sub: "a".repeat(256) }],
  ["a subject with a line feed at its end", { sub: "victim\n" }],
  ["a subject with an invisible character", { sub: "victim\u200b" }],
  ["a subject that is a number", { sub: 7 }],
  ["no audience", { aud: undefined }],
  ["an empty list of audiences", { aud: [] }],
  ["another party's audience", { aud: "some-other-client" }],
  [
    "our audience and another party's",
    { aud: ["gatehouse-agent", "some-other-client"], azp: "gatehouse-agent" },
  ],
  ["two of our audiences and no azp", { aud: ["gatehouse-agent", "gatehouse-console"] }],
  [
    "two of our audiences, issued to the other",
    { aud: ["gatehouse-agent", "gatehouse-console"], azp: "gatehouse-console" },
  ],
  ["our audience, issued to another party", { azp: "some-other-client" }],
  ["no issue time", { iat: undefined }],
  ["no expiry", { exp: undefined }],
  ["an expiry that is text", { exp: "2099-01-01" }],
  ["an auth_time that is text", { auth_time: "now" }],
  ["groups that are one text", { groups: "engineering" }],
  ["groups that are objects", { groups: [{ name: "engineering" }] }],
  ["an empty group", { groups: ["engineering", ""] }],
  ["a group of 257 characters", { groups: ["a".repeat(257)] }],
  ["a thousand groups and one", { groups: Array.from({ length: 1_001 }, (_, index) => `${index}`) }],
];
test.each(wrongClaims)("a token with %s is refused", async (_name, changes) => {
  const { claims } = await underTest();
  expect(codeOf(await claims(changes))).toBe("invalid");
});

test.each([
  ["kept elsewhere", { _claim_names: { groups: "src1" }, _claim_sources: { src1: {} } }],
  ["kept elsewhere, though some are listed", { groups: ["engineering"], _claim_names: { groups: "src1" } }],
  ["left out because they are many", { hasgroups: true }],
  ["left out because they are many, said as text", { hasgroups: "true" }],
])(
  "a token whose groups are %s is refused by name, and is never somebody without groups",
  async (_name, changes) => {
    const { claims } = await underTest();
    expect(codeOf(await claims({ groups: undefined, ...changes }))).toBe("groups_overage");
  },
);

test("a token of the console's or the browser's client does not open what the agent's opens", async () => {
  const { issuer, judge } = await underTest();
  expect(codeOf(await judge(await issuer.idToken("console", developer)))).toBe("invalid");
  expect(codeOf(await judge(await issuer.idToken("web", developer)))).toBe("invalid");
  expect(codeOf(await judge(await issuer.idToken("agent", developer), ["console"]))).toBe("invalid");
});

test("a token counts until a minute after its expiry, and then has expired", async () => {
  const { claims, nowS } = await underTest();
  expect(codeOf(await claims({ exp: nowS - 59 }))).toBe("proven");
  expect(codeOf(await claims({ exp: nowS - 60 }))).toBe("expired");
});

test("a token from more than a minute ahead is refused, by nbf, iat and auth_time alike", async () => {
  const { claims, nowS } = await underTest();
  for (const name of ["nbf", "iat", "auth_time"]) {
    expect([name, codeOf(await claims({ [name]: nowS + 60 }))]).toEqual([name, "proven"]);
    expect([name, codeOf(await claims({ [name]: nowS + 61 }))]).toEqual([name, "invalid"]);
  }
});

test("a token older than a day is refused, whatever its expiry says", async () => {
  const { claims, nowS } = await underTest();
  const age = limits.identityTokenAgeMsMax / 1000;
  expect(codeOf(await claims({ iat: nowS - age - 61, exp: nowS + 1e6 }))).toBe("expired");
});

test("a token that has expired and was never signed is called invalid, not expired", async () => {
  const { issuer, judge, nowS } = await underTest();
  const [header, payload] = (await issuer.idToken("agent", developer, { exp: nowS - 100 })).split(".");
  expect(codeOf(await judge(`${header}.${payload}.${"A".repeat(86)}`))).toBe("invalid");
});

test.each([
  ["email_verified: false", { email_verified: false }],
  ["no email_verified", { email_verified: undefined }],
  ['email_verified: "true"', { email_verified: "true" }],
])("with %s the e-mail counts for nothing", async (_name, changes) => {
  const verdict = await (await underTest()).claims(changes);
  expect(verdict).toMatchObject({ kind: "proven", identity: { principal: { email: undefined } } });
});

test("no groups claim means no groups", async () => {
  const verdict = await (await underTest()).claims({ groups: undefined });
  expect(verdict).toMatchObject({ kind: "proven", identity: { principal: { groups: [] } } });
});

test("an honest token names principal, groups, client, and when the person was there", async () => {
  const { claims, clock } = await underTest();
  const verdict = await claims({ groups: ["engineering", "engineering"] });
  expect(verdict).toEqual({
    kind: "proven",
    identity: {
      principal: {
        id: matching(/^[\w-]{43}$/),
        issuer: "https://login.example.com",
        subject: "sub-of-developer@example.com",
        email: "developer@example.com",
        groups: ["engineering"],
      },
      client: "agent",
      signedInAt: clock.now(),
      issuedAt: clock.now(),
      countsUntil: new Date(clock.now().getTime() + 3_660_000),
    },
  });
});

test("one subject at two issuers is two principals", () => {
  expect(principalId("https://one.example.com", "a")).not.toBe(principalId("https://two.example.com", "a"));
  expect(principalId("https://one.example.com", "/a")).not.toBe(principalId("https://one.example.com/", "a"));
});
