import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import {
  type Claims,
  endpoint,
  opaque,
  introspectionUnderTest as underTest,
} from "../../../test/fakes/introspection-under-test.ts";
import { developer } from "../../../test/fakes/token-issuer.ts";

test("an opaque token is what its issuer says it is, directly and traded", async () => {
  const { identity, ask, asked } = await underTest();
  expect(await ask(opaque)).toBe("identity_token");
  const outcome = await identity.tokenEndpoint.answer({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: opaque,
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    agent: "cursor",
  });
  expect(outcome.kind).toBe("issued");
  expect(asked).toHaveLength(1);
});

test("the question is a form with the token, from a client with its secret, and nothing in the address", async () => {
  const { ask, asked } = await underTest();
  await ask(opaque);
  const [question] = asked;
  expect(question?.url).toBe(endpoint);
  expect(question?.request.method).toBe("POST");
  expect(Object.fromEntries(new URLSearchParams(String(question?.request.body)))).toEqual({
    token: opaque,
    token_type_hint: "access_token",
  });
  // RFC 6749 section 2.3.1: both are form-encoded first, so that a colon in the name ends nothing.
  const basic = Buffer.from("gatehouse%3Aasks:s3cr3t%2B%2F%3D").toString("base64");
  expect(new Headers(question?.request.headers).get("authorization")).toBe(`Basic ${basic}`);
});

const inS = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
test.each<[string, Claims]>([
  ["is not active", { active: false }],
  ["names another issuer", { iss: "https://evil.example.com" }],
  ["names another audience", { aud: "somebody-else" }],
  ["names ours and another audience", { aud: ["gatehouse-agent", "somebody-else"] }],
  ["names the console's client", { client_id: "gatehouse-console" }],
  ["names another client than the audience", { aud: "gatehouse-agent", client_id: "evil" }],
  ["names neither client nor audience", { client_id: undefined }],
  ["does not say when it ends", { exp: undefined }],
  ["ended a second ago", { exp: inS(-1) }],
  ["says its end in words", { exp: "2099-01-01" }],
  ["begins later", { nbf: inS(600) }],
  ["was issued later", { iat: inS(600) }],
  ["names nobody", { sub: undefined }],
  ["names somebody no screen shows", { sub: "victim\u200b" }],
  ["is of a type that needs a proof (DPoP)", { token_type: "DPoP" }],
  ["is bound to a key that was not shown", { cnf: { jkt: "x" } }],
  ["has a name of ten thousand letters", { username: "x".repeat(10_000) }],
])("an opaque token whose answer %s is refused", async (_name, claims) => {
  const { ask, answering, facts } = await underTest();
  answering.claims = claims;
  expect(await ask(opaque)).toBe("invalid");
  expect(facts).toEqual([]);
});

test("an opaque token whose groups are elsewhere is refused by name", async () => {
  const { ask, answering } = await underTest();
  answering.claims = { hasgroups: true };
  expect(await ask(opaque)).toBe("groups_overage");
});

test("a token needs the whole of the scope that was asked for, not a piece of one", async () => {
  const { ask, answering, clock } = await underTest({ scope: "gatehouse" });
  for (const scope of [undefined, "", "gatehouse-readonly", "not-gatehouse", "gatehouse:x"]) {
    answering.claims = { scope };
    expect(await ask(opaque)).toBe("invalid");
    clock.pass(limits.introspectionCacheMs);
  }
  answering.claims = { scope: "openid gatehouse" };
  expect(await ask(opaque)).toBe("identity_token");
});

test.each<[string, () => Promise<Response>]>([
  ["cannot be reached", () => Promise.reject(new Error("connection refused"))],
  [
    "answers 302",
    async () => new Response(null, { status: 302, headers: { location: "https://evil.example.com" } }),
  ],
  ["answers 401", async () => Response.json({ error: "invalid_client" }, { status: 401 })],
  ["answers 500", async () => new Response("oops", { status: 500 })],
  ["answers 204", async () => new Response(null, { status: 204 })],
  ["answers with a page", async () => new Response("<html>", { headers: { "content-type": "text/html" } })],
  ["answers with a list", async () => Response.json([{ active: true }])],
  ["answers active in words", async () => Response.json({ active: "true" })],
  ["answers active as a number", async () => Response.json({ active: 1 })],
])("an endpoint that %s opens no door, and is asked again the next time", async (_name, respond) => {
  const { ask, answering, asked } = await underTest();
  const honest = answering.respond;
  answering.respond = respond;
  expect(await ask(opaque)).toBe("provider_unavailable");
  answering.respond = honest;
  expect(await ask(opaque)).toBe("identity_token");
  expect(asked).toHaveLength(2);
});

test("a revoked token is refused half a minute later at the latest", async () => {
  const { ask, answering, clock, asked } = await underTest();
  expect(await ask(opaque)).toBe("identity_token");
  answering.claims = { active: false };
  clock.pass(limits.introspectionCacheMs - 1);
  expect(await ask(opaque)).toBe("identity_token");
  expect(asked).toHaveLength(1);
  clock.pass(1);
  expect(await ask(opaque)).toBe("invalid");
});

test("a remembered answer never outlives the token, not by a second", async () => {
  const { ask, answering, clock, nowS } = await underTest();
  answering.claims = { exp: nowS() + 3 };
  expect(await ask(opaque)).toBe("identity_token");
  clock.pass(3_000);
  expect(await ask(opaque)).toBe("invalid");
});

test("a dead token costs the issuer one question in half a minute, however often it is shown", async () => {
  const { ask, answering, asked, clock } = await underTest();
  answering.claims = { active: false };
  for (let turn = 0; turn < 100; turn += 1) expect(await ask(opaque)).toBe("invalid");
  expect(asked).toHaveLength(1);
  clock.pass(limits.introspectionCacheMs);
  await ask(opaque);
  expect(asked).toHaveLength(2);
});

test("many who show one token at once wait for the same answer", async () => {
  const { ask, asked } = await underTest();
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(opaque)));
  expect(new Set(answers)).toEqual(new Set(["identity_token"]));
  expect(asked).toHaveLength(1);
});

test("a flood of invented tokens at a slow issuer is turned away beyond fifty, and lets nobody in", async () => {
  const { ask, answering, asked } = await underTest();
  const waiting: (() => void)[] = [];
  answering.respond = () =>
    new Promise((resolve) => waiting.push(() => resolve(Response.json({ active: false }))));
  const flood = Array.from({ length: 200 }, (_, index) => ask(`invented-token-of-a-stranger-${index}`));
  await expect.poll(() => waiting.length).toBe(limits.introspectionsAtOnceMax);
  for (const answer of waiting) answer();
  const codes = await Promise.all(flood);
  expect(codes.filter((code) => code === "provider_unavailable")).toHaveLength(150);
  expect(codes.filter((code) => code === "invalid")).toHaveLength(50);
  expect(asked).toHaveLength(limits.introspectionsAtOnceMax);
});

test.each([
  "hunter2",
  "x".repeat(limits.opaqueTokenCharsMax + 1),
  "a token with spaces in it",
  "tökentökentökentöken",
])("what cannot be an opaque token is told to nobody", async (text) => {
  const { ask, asked } = await underTest();
  expect(await ask(text)).toBe("invalid");
  expect(asked).toEqual([]);
});

test("a credential of Google's is never shown to the issuer", async () => {
  const { ask, asked } = await underTest();
  expect(await ask("ya29.a0AfH6SMBxxxxxxxxxxxxxxxxxxxx")).toBe("google_credential");
  expect(asked).toEqual([]);
});

test("our own tokens are never shown to the issuer, not even in a broken spelling", async () => {
  const { ask, asked, identity, issuer } = await underTest();
  const { token: login } = await identity.logins.issue(
    { id: "p", issuer: "i", subject: "s", email: undefined, groups: ["engineering"] },
    "laptop",
  );
  const outcome = await identity.tokenEndpoint.answer({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: await issuer.idToken("agent", developer),
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    agent: "cursor",
  });
  if (outcome.kind !== "issued" || outcome.refreshToken === undefined) throw new Error(outcome.kind);
  const { accessToken, refreshToken } = outcome;
  for (const text of [login, refreshToken, `${accessToken}=`, accessToken.replace(/\.[^.]*$/, "")])
    expect(await ask(text)).toBe("invalid");
  expect(asked).toEqual([]);
});

test("JWTs are not shown to the issuer unless it says so, and a broken one never", async () => {
  const { ask, asked, issuer } = await underTest();
  expect(await ask(await issuer.idToken("agent", developer))).toBe("identity_token");
  const always = await underTest({ jwts: true });
  const [header, payload] = (await always.issuer.idToken("agent", developer)).split(".");
  expect(await always.ask(`${header}.${payload}.${"A".repeat(86)}`)).toBe("invalid");
  expect([asked, always.asked]).toEqual([[], []]);
});

test("a revoked JWT is refused where its issuer is asked, though its signature holds", async () => {
  const { ask, answering, issuer, clock } = await underTest({ jwts: true });
  const token = await issuer.idToken("agent", developer);
  expect(await ask(token)).toBe("identity_token");
  answering.claims = { active: false };
  clock.pass(limits.introspectionCacheMs);
  expect(await ask(token)).toBe("invalid");
});

test("an answer about somebody else than the JWT names is refused", async () => {
  const { ask, answering, issuer } = await underTest({ jwts: true });
  answering.claims = { sub: "somebody-else" };
  expect(await ask(await issuer.idToken("agent", developer))).toBe("invalid");
});

test("where nobody is to be asked, an opaque token is invalid", async () => {
  const { ask, asked } = await underTest({ opaqueTokens: false, jwts: true });
  expect(await ask(opaque)).toBe("invalid");
  expect(asked).toEqual([]);
});

test("a secret that is gone refuses, and its place is not told to the agent", async () => {
  const { ask, asked } = await underTest({
    clientSecret: () => {
      throw new Error("the file /secret/place is gone");
    },
  });
  expect(await ask(opaque)).toBe("provider_unavailable");
  expect(asked).toEqual([]);
});

test.each([
  "ya29.a0AfH6SMBx-0123456789",
  "1//0gFVx-0123456789abcdef",
  "AIzaSyA1234567890123456789012345678901",
])(
  "a credential of Google's that an agent trades at the token endpoint (%s) is shown to no other issuer",
  async (credential) => {
    const { identity, asked } = await underTest();
    const outcome = await identity.tokenEndpoint.answer({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: credential,
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
      agent: "cursor",
    });
    expect(outcome).toMatchObject({ kind: "refused", error: "invalid_request" });
    expect(asked).toEqual([]);
  },
);
