import { expect, test } from "vitest";
import type { TokenOutcome } from "#identity";
import { limits } from "#lib/limits";
import { fakeSigner, identityUnderTest } from "../../test/fakes/identity-under-test.ts";
import { developer, outsider, readPart } from "../../test/fakes/token-issuer.ts";

const exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const idTokenType = "urn:ietf:params:oauth:token-type:id_token";

async function underTest() {
  const parts = await identityUnderTest();
  const { identity, issuer } = parts;
  const answer = (form: Record<string, unknown>): Promise<TokenOutcome> =>
    identity.tokenEndpoint.answer(form);
  const open = async (changes: Record<string, unknown> = {}): Promise<TokenOutcome> =>
    answer({
      grant_type: exchange,
      subject_token: await issuer.idToken("agent", developer),
      subject_token_type: idTokenType,
      agent: "cursor",
      ...changes,
    });
  const refresh = (refreshToken: string | undefined): Promise<TokenOutcome> =>
    answer({ grant_type: "refresh_token", refresh_token: refreshToken });
  return { ...parts, answer, open, refresh };
}

const errorOf = (outcome: TokenOutcome): string => (outcome.kind === "refused" ? outcome.error : "issued");

function issued(outcome: TokenOutcome): Extract<TokenOutcome, { kind: "issued" }> {
  if (outcome.kind !== "issued") throw new Error(JSON.stringify(outcome));
  return outcome;
}

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

test.each([
  ["another grant", { grant_type: "password" }, "unsupported_grant_type"],
  ["no grant", { grant_type: undefined }, "unsupported_grant_type"],
  ["no subject token", { subject_token: undefined }, "invalid_request"],
  ["a repeated subject token", { subject_token: ["a", "b"] }, "invalid_request"],
  [
    "another kind of subject token",
    { subject_token_type: "urn:ietf:params:oauth:token-type:saml2" },
    "invalid_request",
  ],
  ["a wish for another kind of token", { requested_token_type: idTokenType }, "invalid_request"],
  ["an actor token", { actor_token: "a.b.c", actor_token_type: idTokenType }, "invalid_request"],
  ["an agent's name with a line feed", { agent: "cursor\nadmin" }, "invalid_request"],
  ["an agent's name that reverses what follows", { agent: "cursor\u202e" }, "invalid_request"],
  ["an agent's name of 101 characters", { agent: "a".repeat(101) }, "invalid_request"],
  ["a connection nobody configured", { connection: "prod" }, "invalid_target"],
  ["a forged subject token", { subject_token: "a.b.c" }, "invalid_request"],
])("%s is refused and opens no session", async (_name, changes, error) => {
  const { open, facts } = await underTest();
  expect(errorOf(await open(changes))).toBe(error);
  expect(facts).toEqual([]);
});

test("the console's and the browser's tokens open no agent's session", async () => {
  const { open, issuer, facts } = await underTest();
  expect(errorOf(await open({ subject_token: await issuer.idToken("console", developer) }))).toBe(
    "invalid_request",
  );
  expect(errorOf(await open({ subject_token: await issuer.idToken("web", developer) }))).toBe(
    "invalid_request",
  );
  expect(facts).toEqual([]);
});

test("a gateway token is not exchanged for another, which would outlive its session", async () => {
  const { open } = await underTest();
  const { accessToken } = issued(await open());
  expect(errorOf(await open({ subject_token: accessToken }))).toBe("invalid_request");
});

test("somebody without the role agent-user is told so", async () => {
  const { open, issuer } = await underTest();
  expect(errorOf(await open({ subject_token: await issuer.idToken("agent", outsider) }))).toBe(
    "access_denied",
  );
});

test("a provider that is down is called unavailable, so that clients try again", async () => {
  const { open, issuer } = await underTest();
  issuer.isDown = true;
  expect(errorOf(await open())).toBe("temporarily_unavailable");
});

test("a refusal never says which check a forged token failed", async () => {
  const { open, issuer } = await underTest();
  const messages = new Set<string>();
  for (const claims of [
    { aud: "other" },
    { iss: "https://evil.example" },
    { groups: "engineering" },
    { nbf: 9e9 },
  ]) {
    const outcome = await open({ subject_token: await issuer.idToken("agent", developer, claims) });
    if (outcome.kind === "refused") messages.add(outcome.message);
  }
  expect(messages.size).toBe(1);
});

test("an old refresh token that comes back stops the session, the successor with it", async () => {
  const { open, refresh, facts, clock } = await underTest();
  const first = issued(await open());
  const second = issued(await refresh(first.refreshToken));
  clock.pass(limits.refreshRepeatableMs);
  expect(errorOf(await refresh(first.refreshToken))).toBe("invalid_grant");
  expect(errorOf(await refresh(second.refreshToken))).toBe("invalid_grant");
  expect(facts.at(-1)).toEqual({
    kind: "session.stopped",
    sessionId: first.sessionId,
    cause: { kind: "refresh_token_reused" },
  });
});

test("a stolen refresh token is noticed at once when its successor has been used, however soon it comes", async () => {
  const { open, refresh, identity } = await underTest();
  const first = issued(await open());
  const second = issued(await refresh(first.refreshToken));
  await refresh(second.refreshToken);
  expect(errorOf(await refresh(first.refreshToken))).toBe("invalid_grant");
  expect((await identity.sessions.find(first.sessionId)).kind).toBe("over");
});

test("a thief who shadows every refresh of the owner within seconds is noticed after ten", async () => {
  const { open, refresh, identity } = await underTest();
  let { refreshToken, sessionId } = issued(await open());
  for (let count = 0; count < limits.refreshRepeatsPerSessionMax; count += 1) {
    const [owner, thief] = [issued(await refresh(refreshToken)), issued(await refresh(refreshToken))];
    expect(thief.refreshToken).toBe(owner.refreshToken);
    refreshToken = owner.refreshToken;
    sessionId = owner.sessionId;
  }
  await refresh(refreshToken);
  expect(errorOf(await refresh(refreshToken))).toBe("invalid_grant");
  expect((await identity.sessions.find(sessionId)).kind).toBe("over");
});

test("a refresh whose answer was lost is answered again with the same successor", async () => {
  const { open, refresh, identity, clock } = await underTest();
  const { refreshToken, sessionId } = issued(await open());
  const [lost, raced] = await Promise.all([refresh(refreshToken), refresh(refreshToken)]);
  clock.pass(limits.refreshRepeatableMs - 1);
  const repeated = issued(await refresh(refreshToken));
  expect([issued(lost), issued(raced)].map((each) => each.refreshToken)).toEqual(
    Array.from({ length: 2 }, () => repeated.refreshToken),
  );
  expect(issued(await refresh(repeated.refreshToken)).sessionId).toBe(sessionId);
  expect((await identity.sessions.find(sessionId)).kind).toBe("running");
});

test("an invented, empty or overlong refresh token gets nothing", async () => {
  const { refresh } = await underTest();
  expect(errorOf(await refresh("ghr_invented"))).toBe("invalid_grant");
  expect(errorOf(await refresh(""))).toBe("invalid_request");
  expect(errorOf(await refresh("a".repeat(257)))).toBe("invalid_request");
});

test("refreshing ends with the session, stopped or at its end", async () => {
  const { open, refresh, identity, clock } = await underTest();
  const stopped = issued(await open());
  await identity.sessions.stop("all", { kind: "refresh_token_reused" });
  expect(errorOf(await refresh(stopped.refreshToken))).toBe("invalid_grant");
  const old = issued(await open());
  clock.pass(limits.sessionLifeMsMax);
  expect(errorOf(await refresh(old.refreshToken))).toBe("invalid_grant");
});

test("a session's thousandth refresh is its last", async () => {
  const { open, refresh } = await underTest();
  let { refreshToken } = issued(await open());
  for (let count = 1; count < limits.refreshesPerSessionMax; count += 1) {
    refreshToken = issued(await refresh(refreshToken)).refreshToken;
  }
  expect(errorOf(await refresh(refreshToken))).toBe("invalid_grant");
});

test("a restart forgets refresh tokens, and a new exchange opens a new session", async () => {
  const { open, restart } = await underTest();
  const { refreshToken } = issued(await open());
  const after = await restart();
  const outcome = await after.tokenEndpoint.answer({
    grant_type: "refresh_token",
    refresh_token: refreshToken,
  });
  expect(errorOf(outcome)).toBe("invalid_grant");
});

test("what is no live gateway token is inactive, without a reason", async () => {
  const { open, identity, issuer, clock } = await underTest();
  const { accessToken, sessionId } = issued(await open());
  const claims = readPart(accessToken, "claims");
  const inactive = { active: false };
  for (const text of [
    "",
    "a.b.c",
    await issuer.idToken("agent", developer),
    await fakeSigner().sign(claims),
  ]) {
    expect(await identity.tokenEndpoint.introspect(text)).toEqual(inactive);
  }
  expect((await identity.tokenEndpoint.introspect(accessToken)).active).toBe(true);
  await identity.sessions.stop({ id: sessionId }, { kind: "refresh_token_reused" });
  expect(await identity.tokenEndpoint.introspect(accessToken)).toEqual(inactive);
  clock.pass(limits.gatewayTokenLifeMs);
  expect(await identity.tokenEndpoint.introspect(accessToken)).toEqual(inactive);
});

test("an agent's exchange opens a session and keeps person and agent apart in its token", async () => {
  const { open, store, facts, clock } = await underTest();
  const outcome = issued(
    await open({ connection: "practice", audience: "//iam.googleapis.com/x", scope: "a b" }),
  );
  const session = store.sessions.get(outcome.sessionId);
  expect(session).toMatchObject({
    agent: "cursor",
    connection: "practice",
    principal: { email: developer.email },
  });
  expect(readPart(outcome.accessToken, "claims")).toEqual({
    iss: "http://127.0.0.1:8440",
    aud: "gatehouse",
    sub: session?.principal.id,
    act: { sub: "cursor" },
    sid: outcome.sessionId,
    iat: Math.floor(clock.now().getTime() / 1000),
    exp: Math.floor((clock.now().getTime() + limits.gatewayTokenLifeMs) / 1000),
    jti: matching(/^[0-9a-f-]{36}$/),
  });
  expect(outcome.expiresInS).toBe(600);
  expect(facts).toEqual([{ kind: "session.opened", session }]);
});

test("two runs of one agent with one sign-in are two sessions", async () => {
  const { open, issuer } = await underTest();
  const subject_token = await issuer.idToken("agent", developer);
  expect(issued(await open({ subject_token })).sessionId).not.toBe(
    issued(await open({ subject_token })).sessionId,
  );
});

test("a stock client of Google's, which exchanges for each command, stays in one session and gets no refresh token", async () => {
  const { answer, issuer } = await underTest();
  const form = {
    grant_type: exchange,
    audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    scope: "https://www.googleapis.com/auth/cloud-platform",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    subject_token: await issuer.idToken("agent", developer),
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  };
  const [first, second] = [issued(await answer(form)), issued(await answer(form))];
  expect(second.sessionId).toBe(first.sessionId);
  expect(first.refreshToken).toBeUndefined();
});

test("a gateway token never outlives its session", async () => {
  const { open, refresh, clock } = await underTest();
  let { refreshToken } = issued(await open());
  clock.pass(limits.sessionLifeMsMax - 60_000);
  const late = issued(await refresh(refreshToken));
  refreshToken = late.refreshToken;
  expect(late.expiresInS).toBe(60);
});
