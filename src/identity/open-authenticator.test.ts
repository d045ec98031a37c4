import { expect, test } from "vitest";
import type { Authentication, Principal } from "#identity";
import { limits } from "#lib/limits";
import { controlUrl, fakeSigner, identityUnderTest } from "../../test/fakes/identity-under-test.ts";
import { approver, developer, outsider, readPart } from "../../test/fakes/token-issuer.ts";

const codeOf = (answer: Authentication): string =>
  answer.kind === "refused" ? answer.code : answer.caller.proof;
const someone: Principal = { id: "p", issuer: "i", subject: "s", email: undefined, groups: [] };
const cause = { kind: "person", principal: someone } as const;

async function underTest() {
  const parts = await identityUnderTest();
  const { identity, issuer } = parts;
  const ask = async (token: string): Promise<string> =>
    codeOf(await identity.authenticator.authenticate(token));
  const gatewayToken = async (): Promise<{ token: string; sessionId: string }> => {
    const answer = await identity.tokenEndpoint.answer({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: await issuer.idToken("agent", developer),
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      agent: "cursor",
    });
    if (answer.kind !== "issued") throw new Error(JSON.stringify(answer));
    return { token: answer.accessToken, sessionId: answer.sessionId };
  };
  return { ...parts, ask, gatewayToken };
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const unsigned = (iss: string): string => `${part({ alg: "RS256" })}.${part({ iss })}.AAAA`;

test.each([
  ["an access token", "ya29.a0AfH6SMBx"],
  ["a federated access token", "ya29.d.c0ASRK0G"],
  ["an API key", "AIzaSyA1234567890123456789012345678901"],
  ["a refresh token", "1//0gFVx"],
  ["an authorization code", "4/0AX4XfW"],
  ["a service account's self-signed JWT", unsigned("robot@project.iam.gserviceaccount.com")],
  ["a default service account's JWT", unsigned("123-compute@developer.gserviceaccount.com")],
  ["an ID token of Google's", unsigned("https://accounts.google.com")],
  ["an ID token of Google's, the short issuer", unsigned("accounts.google.com")],
])("%s of Google's is refused as what it is", async (_name, token) => {
  const { ask, issuer } = await underTest();
  expect(await ask(token)).toBe("google_credential");
  expect(issuer.fetched).toEqual([]);
});

test("no token is missing; anything that is not a token of ours or the provider's is invalid", async () => {
  const { ask } = await underTest();
  expect(await ask("")).toBe("missing");
  expect(await ask("hunter2")).toBe("invalid");
  expect(await ask(unsigned("https://login.example.com.evil.example"))).toBe("invalid");
  expect(await ask(unsigned(`${controlUrl}/`))).toBe("invalid");
});

test("a gateway token signed by another key is refused", async () => {
  const { ask, gatewayToken } = await underTest();
  const { token } = await gatewayToken();
  expect(await ask(await fakeSigner().sign(readPart(token, "claims")))).toBe("invalid");
});

test.each([
  ["for another audience", { aud: "somebody-else" }],
  ["of another issuer", { iss: "http://127.0.0.1:9999" }],
  ["without a session", { sid: undefined }],
  ["without an id of its own", { jti: undefined }],
  ["without an end", { exp: undefined }],
  ["for another principal than its session's", { sub: "somebody-else" }],
])("a gateway token %s is refused, though our key signed it", async (_name, changes) => {
  const { ask, gatewayToken, signer } = await underTest();
  const { token } = await gatewayToken();
  const claims = readPart(token, "claims");
  expect(await ask(await signer.sign({ ...claims, ...changes }))).toBe("invalid");
});

test.each(["JWT", "logout+jwt", "dpop+jwt"])(
  "a token of type %s that our key signed is no gateway token",
  async (typ) => {
    const { ask, gatewayToken, signer } = await underTest();
    const { token } = await gatewayToken();
    expect(await ask(await signer.signAs(typ, readPart(token, "claims")))).toBe("invalid");
  },
);

test("an identity token does not pass as a gateway token, nor a gateway token as an identity token", async () => {
  const { ask, issuer, signer, clock } = await underTest();
  const nowS = Math.floor(clock.now().getTime() / 1000);
  expect(
    await ask(
      await issuer.idToken("agent", developer, { iss: controlUrl, aud: "gatehouse", sid: "s", jti: "j" }),
    ),
  ).toBe("invalid");
  const claims = { iss: issuer.settings.issuer, aud: "gatehouse-agent", sub: "a", iat: nowS, exp: nowS + 60 };
  expect(await ask(await signer.sign(claims))).toBe("invalid");
});

test("a token of the console's or the browser's client opens nothing on the data plane", async () => {
  const { ask, issuer, facts } = await underTest();
  const person = { email: "both@example.com", groups: ["engineering", "sre"] };
  expect(await ask(await issuer.idToken("console", person))).toBe("invalid");
  expect(await ask(await issuer.idToken("web", person))).toBe("invalid");
  expect(facts).toEqual([]);
});

test("somebody known without the role agent-user is told so and gets no session", async () => {
  const { ask, issuer, facts } = await underTest();
  expect(await ask(await issuer.idToken("agent", outsider))).toBe("not_permitted");
  expect(await ask(await issuer.idToken("agent", approver))).toBe("not_permitted");
  expect(facts).toEqual([]);
});

test("a provider that is down lets nobody new in, and keeps nobody out who holds a gateway token", async () => {
  const { ask, issuer, gatewayToken, clock, identity } = await underTest();
  const { token } = await gatewayToken();
  clock.pass(limits.providerKeysStaleMs + 1);
  issuer.isDown = true;
  expect(await ask(await issuer.idToken("agent", developer))).toBe("provider_unavailable");
  expect(await ask(token)).toBe("expired");
  expect(identity.sessions.epoch).toBe(0);
});

test("a stopped session's token is refused on the very next request", async () => {
  const { ask, gatewayToken, identity } = await underTest();
  const { token, sessionId } = await gatewayToken();
  expect(await ask(token)).toBe("gateway_token");
  await identity.sessions.stop({ id: sessionId }, cause);
  expect(await ask(token)).toBe("session_ended");
  expect(codeOf(await identity.authenticator.recheck(sessionId))).toBe("session_ended");
});

test("a stop while a token is being proven is not overlooked afterwards", async () => {
  const { ask, gatewayToken, identity, store } = await underTest();
  const { token, sessionId } = await gatewayToken();
  const find = store.find;
  store.find = async (id) => {
    const found = await find(id);
    store.find = find;
    await identity.sessions.stop({ id: sessionId }, cause);
    return found;
  };
  await ask(token);
  expect(await ask(token)).toBe("session_ended");
});

test("a gateway token ends to the second, remembered or not", async () => {
  const { ask, gatewayToken, clock } = await underTest();
  const { token } = await gatewayToken();
  clock.pass(limits.gatewayTokenLifeMs - 1_500);
  expect(await ask(token)).toBe("gateway_token");
  clock.pass(1_500);
  expect(await ask(token)).toBe("expired");
});

test("a remembered proof is asked for again after a minute, so that other replicas' stops arrive", async () => {
  const { ask, gatewayToken, store, clock } = await underTest();
  const { token } = await gatewayToken();
  store.finds = 0;
  await ask(token);
  await ask(token);
  expect(store.finds).toBe(1);
  clock.pass(limits.authenticationCacheMs);
  await ask(token);
  expect(store.finds).toBe(2);
});

test("an unknown session, or one that reached its end, is not rechecked into life", async () => {
  const { identity, gatewayToken, clock, timer } = await underTest();
  expect(codeOf(await identity.authenticator.recheck("ses_unknown"))).toBe("session_ended");
  const { sessionId } = await gatewayToken();
  expect(codeOf(await identity.authenticator.recheck(sessionId))).toBe("proxy_session");
  clock.pass(limits.sessionLifeMsMax);
  timer.pass(limits.sessionLifeMsMax);
  expect(codeOf(await identity.authenticator.recheck(sessionId))).toBe("session_ended");
});

test("a session whose principal has lost the role is not rechecked, once roles were configured anew", async () => {
  const { gatewayToken, restart } = await underTest();
  const { token, sessionId } = await gatewayToken();
  const roleGroups = { "agent-user": ["others"], approver: [], auditor: [], "policy-admin": [] };
  const after = await restart({ roleGroups });
  expect(codeOf(await after.authenticator.recheck(sessionId))).toBe("not_permitted");
  expect(codeOf(await after.authenticator.authenticate(token))).toBe("not_permitted");
});

test("an identity token gets a session of its own, the same each time, which ends with it", async () => {
  const { identity, issuer, clock, facts } = await underTest();
  const token = await issuer.idToken("agent", developer);
  const first = await identity.authenticator.authenticate(token);
  clock.pass(limits.authenticationCacheMs);
  const second = await identity.authenticator.authenticate(token);
  if (first.kind === "refused" || second.kind === "refused") throw new Error("refused");
  expect(second.caller.session.id).toBe(first.caller.session.id);
  expect(first.caller.principal.email).toBe("developer@example.com");
  expect(facts.map(({ kind }) => kind)).toEqual(["session.opened"]);
  await identity.sessions.stop({ id: first.caller.session.id }, cause);
  expect(codeOf(await identity.authenticator.authenticate(token))).toBe("session_ended");
});

test("Google's own ID tokens count where Google was configured as the provider", async () => {
  const { issuer, restart } = await underTest();
  const settings = { ...issuer.settings, issuer: "https://accounts.google.com" };
  const network = {
    ...issuer.network,
    fetchJson: async (url: URL) =>
      url.pathname.startsWith("/.well-known")
        ? { issuer: settings.issuer, jwks_uri: `${issuer.settings.issuer}/jwks` }
        : issuer.network.fetchJson(url, { bytesMax: 1, timeoutMs: 1 }),
  };
  const identity = await restart({ issuers: [settings], networkOf: () => network });
  const token = await issuer.idToken("agent", developer, { iss: settings.issuer });
  expect(codeOf(await identity.authenticator.authenticate(token))).toBe("identity_token");
});
