import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { controlPlaneUnderTest, fakeBrowser } from "../../../test/fakes/control-plane-under-test.ts";
import { approver, auditor, developer, operator, outsider } from "../../../test/fakes/token-issuer.ts";

const exchange = {
  id: "exc_1",
  at: "2026-11-24T12:00:00.000Z",
  method: "GET",
  host: "storage.googleapis.com",
  decision: "allow",
  reasons: ["default/reads"],
  outcome: "answered" as const,
  maskedValues: 1,
  request: {
    startLine: "GET /",
    headers: [["host", "a"] as [string, string]],
    body: "",
    encoding: "utf8" as const,
    isTruncated: false,
  },
};

const everything = { email: "all@example.com", groups: ["engineering", "sre", "audit", "platform"] };

test("a read of the audit that cannot be recorded is refused, and nothing of it is read", async () => {
  const { call, bearer, audit, ports } = await controlPlaneUnderTest();
  let wasRead = false;
  Object.assign(ports.exchanges, {
    exchangesOf: async () => {
      wasRead = true;
      return { exchanges: [], next: undefined };
    },
    exchange: async () => {
      wasRead = true;
      return undefined;
    },
  });
  audit.on("audit.read", () => Promise.reject(new Error("disk full")));
  for (const path of ["", "/ses_1", "/ses_1/exchanges/exc_1"].map((end) => `/api/v1/sessions${end}`)) {
    const answer = await call("GET", path, { bearer: await bearer("console", auditor) });
    expect([answer.statusCode, answer.json()]).toMatchObject([503, { error: { code: "audit_unavailable" } }]);
  }
  expect(wasRead).toBe(false);
});

test("asking for the headers, a part or only what is new is a read like any other, and nobody keeps its answer", async () => {
  const { app, ports, bearer, audit, openSession } = await controlPlaneUnderTest();
  const { sessionId } = await openSession(developer);
  const { host } = new URL(ports.url);
  const authorization = `Bearer ${await bearer("console", auditor)}`;
  const url = `/api/v1/sessions/${sessionId}`;
  for (const [method, more] of [
    ["HEAD", {}],
    ["GET", { range: "bytes=0-9" }],
    ["GET", { "if-none-match": "*" }],
  ] as const) {
    const answer = await app.inject({ method, url, headers: { host, authorization, ...more } });
    expect([answer.statusCode, answer.headers["cache-control"]]).toEqual([200, "no-store"]);
  }
  expect(audit.kinds()).toEqual(["audit.read", "audit.read", "audit.read"]);
});

test("somebody without the role auditor reads nothing, and the attempt is on record before the answer", async () => {
  const { call, bearer, audit, openSession } = await controlPlaneUnderTest();
  const { sessionId } = await openSession(developer);
  for (const person of [developer, approver, operator, outsider]) {
    for (const path of ["/api/v1/sessions", `/api/v1/sessions/${sessionId}`]) {
      const answer = await call("GET", path, { bearer: await bearer("console", person) });
      expect([answer.statusCode, answer.json()]).toMatchObject([403, { error: { code: "missing_role" } }]);
    }
  }
  expect(audit.kinds()).toEqual(Array(8).fill("audit.read_denied"));
  expect(audit.entries[1]?.detail).toMatchObject({
    what: "session",
    sessionId,
    email: developer.email,
    code: "missing_role",
  });
});

test("a denied read that cannot be recorded says that the log does not work", async () => {
  const { call, bearer, audit } = await controlPlaneUnderTest();
  audit.on("audit.read_denied", () => Promise.reject(new Error("disk full")));
  const answer = await call("GET", "/api/v1/sessions", { bearer: await bearer("console", developer) });
  expect(answer.statusCode).toBe(503);
});

test("a stored sign-in or a gateway token of an auditor reads nothing", async () => {
  const { call, bearer, openSession, audit } = await controlPlaneUnderTest();
  const { token } = await openSession(everything);
  for (const each of [await bearer("agent", everything), token]) {
    expect((await call("GET", "/api/v1/sessions", { bearer: each })).statusCode).toBe(403);
  }
  expect(audit.kinds()).toEqual(["audit.read_denied", "audit.read_denied"]);
});

test("an auditor who signed in more than five minutes ago is asked to do it again, on record", async () => {
  const { call, bearer, clock, audit } = await controlPlaneUnderTest();
  const token = await bearer("console", auditor);
  clock.pass(limits.approverSignInAgeMsMax + 1_000);
  const answer = await call("GET", "/api/v1/sessions", { bearer: token });
  expect([answer.statusCode, answer.json()]).toMatchObject([401, { error: { code: "sign_in_not_fresh" } }]);
  expect(answer.headers["www-authenticate"]).toContain("insufficient_user_authentication");
  expect(audit.kinds()).toEqual(["audit.read_denied"]);
});

test("a browser's cookie opens nothing on the API", async () => {
  const { call } = await controlPlaneUnderTest();
  const answer = await call("GET", "/api/v1/sessions", { headers: { cookie: "gatehouse_session=anything" } });
  expect([answer.statusCode, answer.json()]).toMatchObject([401, { error: { code: "sign_in_needed" } }]);
});

test("strangers cannot fill the log: sixty denials a minute are listed, the others counted", async () => {
  const { call, audit, clock } = await controlPlaneUnderTest();
  for (let count = 0; count < limits.strangerEntriesPerMinuteMax + 40; count += 1) {
    expect((await call("GET", "/api/v1/sessions", { bearer: "a.b.c" })).statusCode).toBe(401);
  }
  expect(audit.entries).toHaveLength(limits.strangerEntriesPerMinuteMax);
  clock.pass(60_000);
  await call("GET", "/api/v1/sessions");
  expect(audit.entries.at(-1)?.detail).toMatchObject({ othersUnlisted: 40 });
});

test.each(["x", "ses_", "ses_1%2F..", "ses_1'--", "apr_1"])("%s is not the id of a session", async (id) => {
  const { call, bearer } = await controlPlaneUnderTest();
  const answer = await call("GET", `/api/v1/sessions/${id}`, { bearer: await bearer("console", auditor) });
  expect([answer.statusCode, answer.json()]).toMatchObject([400, { error: { code: "request_invalid" } }]);
});

test("an agent stops no session of another principal, and does not learn whether it exists", async () => {
  const { call, openSession, identity } = await controlPlaneUnderTest();
  const mine = await openSession(developer);
  const other = await openSession(everything);
  for (const id of [other.sessionId, "ses_unknown"]) {
    const answer = await call("POST", `/api/v1/sessions/${id}/stop`, { bearer: mine.token, json: {} });
    expect([answer.statusCode, answer.json()]).toMatchObject([403, { error: { code: "missing_role" } }]);
  }
  expect((await identity.sessions.find(other.sessionId)).kind).toBe("running");
});

test("an auditor and an approver stop nobody's session", async () => {
  const { call, bearer, openSession } = await controlPlaneUnderTest();
  const { sessionId } = await openSession(developer);
  for (const person of [auditor, approver]) {
    const token = await bearer("console", person);
    expect(
      (await call("POST", `/api/v1/sessions/${sessionId}/stop`, { bearer: token, json: {} })).statusCode,
    ).toBe(403);
  }
});

test("an agent stops its own session with the session's token, and an administrator anybody's", async () => {
  const { call, bearer, openSession, facts } = await controlPlaneUnderTest();
  const mine = await openSession(developer);
  const own = await call("POST", `/api/v1/sessions/${mine.sessionId}/stop`, { bearer: mine.token, json: {} });
  expect([own.statusCode, own.json()]).toMatchObject([200, { id: mine.sessionId, state: "stopped" }]);
  const other = await openSession(developer);
  const path = `/api/v1/sessions/${other.sessionId}/stop`;
  expect((await call("POST", path, { bearer: await bearer("console", operator) })).json()).toMatchObject({
    state: "stopped",
  });
  expect((await call("GET", "/api/v1/me", { bearer: other.token })).statusCode).toBe(401);
  const causes = facts.flatMap((fact) => (fact.kind === "session.stopped" ? [fact.cause] : []));
  expect(causes).toMatchObject([
    { kind: "person", principal: { email: developer.email } },
    { kind: "person", principal: { email: operator.email } },
  ]);
});

test("an auditor lists sessions and reads one with its recordings, each read on record with who it was", async () => {
  const under = await controlPlaneUnderTest();
  const { sessionId } = await under.openSession(developer);
  under.exchanges = [exchange];
  const bearer = await under.bearer("console", auditor);
  const list = await under.call("GET", "/api/v1/sessions", { bearer });
  expect(list.json()).toMatchObject({ sessions: [{ id: sessionId, state: "running", agent: "cursor" }] });
  const detail = await under.call("GET", `/api/v1/sessions/${sessionId}`, { bearer });
  const { request, ...summary } = exchange;
  expect(detail.json()).toMatchObject({ id: sessionId, exchanges: [summary] });
  expect(detail.body).not.toContain(request.startLine);
  const recorded = await under.call("GET", `/api/v1/sessions/${sessionId}/exchanges/exc_1`, { bearer });
  expect(recorded.json()).toEqual(exchange);
  expect(
    under.audit.entries.map(({ kind, detail: said }) => [kind, said?.["what"], said?.["email"]]),
  ).toEqual([
    ["audit.read", "sessions", auditor.email],
    ["audit.read", "session", auditor.email],
    ["audit.read", "recordings", auditor.email],
  ]);
  for (const path of ["ses_unknown", "ses_unknown/exchanges/exc_1"]) {
    expect((await under.call("GET", `/api/v1/sessions/${path}`, { bearer })).statusCode).toBe(404);
  }
  expect(under.audit.kinds()).toHaveLength(5);
  expect((await under.call("GET", `/api/v1/sessions/${sessionId}?before=x`, { bearer })).statusCode).toBe(
    400,
  );
});

test("reading what was recorded of a session is on record before the first of it, once for each sign-in", async () => {
  const under = await controlPlaneUnderTest();
  const [one, other] = [await under.openSession(developer), await under.openSession(developer)];
  under.exchanges = ["exc_1", "exc_2"].map((id) => ({ ...exchange, id }));
  under.audit.entries.splice(0);
  const read = async (sessionId: string, id: string, bearer: string) =>
    (await under.call("GET", `/api/v1/sessions/${sessionId}/exchanges/${id}`, { bearer })).statusCode;
  const bearer = await under.bearer("console", auditor);
  expect(await Promise.all(["exc_1", "exc_2"].map((id) => read(one.sessionId, id, bearer)))).toEqual([
    200, 200,
  ]);
  expect(await read(one.sessionId, "exc_3", bearer)).toBe(404);
  expect(await read(other.sessionId, "exc_1", bearer)).toBe(200);
  under.clock.pass(1_000);
  expect(await read(one.sessionId, "exc_1", await under.bearer("console", auditor))).toBe(200);
  expect(
    under.audit.entries.map(({ kind, detail }) => [kind, detail?.["what"], detail?.["sessionId"]]),
  ).toEqual([
    ["audit.read", "recordings", one.sessionId],
    ["audit.read", "recordings", other.sessionId],
    ["audit.read", "recordings", one.sessionId],
  ]);
});

/** Two sessions of the developer and a login of theirs, and a session of somebody else's. */
async function severalSessions() {
  const under = await controlPlaneUnderTest();
  const other = { email: "other@example.com", groups: ["engineering"] };
  const own = [await under.openSession(developer), await under.openSession(developer)];
  const theirs = await under.openSession(other);
  const { principal } = (await under.store.find(own[0]?.sessionId ?? "")) ?? {};
  if (principal === undefined) throw new Error("a session was opened");
  const login = await under.identity.logins.issue(principal, "laptop");
  const stop = async (json: object, bearer: string) =>
    under.call("POST", "/api/v1/sessions/stop", { json, bearer });
  const isRunning = async (id: string) => (await under.identity.sessions.find(id)).kind === "running";
  return { ...under, own, theirs, login, principal, stop, isRunning };
}

test("an administrator stops all of one principal: sessions at once, and the logins of their machines", async () => {
  const { own, theirs, login, stop, isRunning, bearer, identity, audit } = await severalSessions();
  const answer = await stop({ principal: "developer@example.com" }, await bearer("console", operator));
  const body = answer.json<{ sessions: string[]; logins: number }>();
  expect([answer.statusCode, body.sessions.sort(), body.logins]).toEqual([
    200,
    own.map(({ sessionId }) => sessionId).sort(),
    1,
  ]);
  for (const { sessionId } of own) expect(await isRunning(sessionId)).toBe(false);
  expect(await isRunning(theirs.sessionId)).toBe(true);
  expect(await identity.logins.find(login.token)).toBeUndefined();
  expect(audit.kinds()).toContain("session.stopped");
});

test("an administrator stops all of one identity provider: sessions, logins and what is signed in with browsers", async () => {
  const under = await severalSessions();
  const browser = fakeBrowser(under);
  await browser.signIn(approver);
  const admin = await under.bearer("console", operator);
  const stored = await under.bearer("agent", developer);
  const other = await under.stop({ issuer: "https://login.example.com/" }, admin);
  expect(other.json()).toEqual({ sessions: [], logins: 0, browsers: 0 });
  const answer = await under.stop({ issuer: "https://login.example.com" }, admin);
  expect(answer.json()).toMatchObject({ logins: 1, browsers: 1 });
  for (const { sessionId } of [...under.own, under.theirs])
    expect(await under.isRunning(sessionId)).toBe(false);
  expect(await under.identity.logins.find(under.login.token)).toBeUndefined();
  expect((await browser.get("/approvals")).headers.location).toContain("/sign-in");
  // What machines keep stored opens no other session either; a sign-in of later does.
  expect((await under.identity.authenticator.authenticate(stored)).kind).toBe("refused");
  under.clock.pass(1000);
  expect((await under.identity.authenticator.authenticate(await under.bearer("agent", developer))).kind).toBe(
    "caller",
  );
});

test("an administrator stops everybody", async () => {
  const { own, theirs, login, stop, isRunning, bearer, identity } = await severalSessions();
  expect((await stop({ all: true }, await bearer("console", operator))).statusCode).toBe(200);
  for (const { sessionId } of [...own, theirs]) expect(await isRunning(sessionId)).toBe(false);
  expect(await identity.logins.find(login.token)).toBeUndefined();
});

test("whoever is no administrator stops nobody else's, not even with a fresh sign-in", async () => {
  const { own, stop, isRunning, bearer } = await severalSessions();
  for (const person of [approver, auditor, developer]) {
    for (const which of [
      { all: true },
      { principal: "developer@example.com" },
      { issuer: "https://login.example.com" },
    ]) {
      expect((await stop(which, await bearer("console", person))).statusCode).toBe(403);
    }
  }
  expect(await isRunning(own[0]?.sessionId ?? "")).toBe(true);
});

test("a person who has just signed in stops all of their own by id: sessions, logins and browsers", async () => {
  const under = await severalSessions();
  const { own, theirs, principal, stop, isRunning, bearer } = under;
  await fakeBrowser(under).signIn(developer);
  const answer = await stop({ principal: principal.id }, await bearer("console", developer));
  expect([answer.statusCode, answer.json()]).toMatchObject([200, { logins: 1, browsers: 1 }]);
  expect(await isRunning(own[0]?.sessionId ?? "")).toBe(false);
  expect(await isRunning(theirs.sessionId)).toBe(true);
});

test("an agent cannot keep its owner signed out: neither its gateway token nor a stored sign-in ends the owner's browsers and logins", async () => {
  const under = await severalSessions();
  const { own, principal, stop, isRunning, bearer, identity, login, facts } = under;
  const browser = fakeBrowser(under);
  await browser.signIn({ ...developer, groups: ["engineering", "sre"] });
  for (const token of [own[0]?.token ?? "", await bearer("agent", developer), login.token]) {
    for (const which of [principal.id, developer.email]) {
      const answer = await stop({ principal: which }, token);
      expect([answer.statusCode, answer.json()]).toMatchObject([403, { error: { code: "missing_role" } }]);
    }
  }
  expect((await browser.get("/approvals")).statusCode).toBe(200);
  expect(await identity.logins.find(login.token)).toBeDefined();
  for (const { sessionId } of own) expect(await isRunning(sessionId)).toBe(true);
  expect(facts.filter(({ kind }) => kind === "session.stopped")).toEqual([]);
});

test("an agent that is done ends its session: its tokens are refused from then on, and open no other", async () => {
  const { call, openSession, identity, facts } = await controlPlaneUnderTest();
  const { token, sessionId } = await openSession(developer);
  const end = async () => call("POST", "/api/v1/sessions/this/end", { bearer: token, json: {} });
  const answer = await end();
  expect([answer.statusCode, answer.json()]).toMatchObject([200, { id: sessionId, state: "ended" }]);
  expect(facts.at(-1)).toEqual({ kind: "session.ended", sessionId });
  const again = await end();
  expect([again.statusCode, again.json()]).toMatchObject([401, { error: { code: "session_ended" } }]);
  expect(await identity.authenticator.authenticate(token)).toMatchObject({ code: "session_ended" });
  expect(await identity.tokenEndpoint.introspect(token)).toEqual({ active: false });
  for (const subject_token_type of ["jwt", "access_token"]) {
    const form = {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: token,
      subject_token_type: `urn:ietf:params:oauth:token-type:${subject_token_type}`,
    };
    expect((await call("POST", "/v1/token", { form })).json()).toMatchObject({ error: "invalid_grant" });
  }
  expect(facts.filter(({ kind }) => kind === "session.opened")).toHaveLength(1);
});

test("with its session a refresh token dies", async () => {
  const { call, issuer, facts } = await controlPlaneUnderTest();
  const opened = await call("POST", "/v1/token", {
    form: {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: await issuer.idToken("agent", developer),
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      agent: "cursor",
    },
  });
  const { access_token: bearer, refresh_token = "" } = opened.json<Record<string, string>>();
  expect((await call("POST", "/api/v1/sessions/this/end", { bearer, json: {} })).statusCode).toBe(200);
  const form = { grant_type: "refresh_token", refresh_token };
  expect((await call("POST", "/v1/token", { form })).json()).toMatchObject({ error: "invalid_grant" });
  // Refused as unknown: nobody is taken for a thief.
  expect(facts.map(({ kind }) => kind)).toEqual(["session.opened", "session.ended"]);
});

test("nobody ends somebody else's session: it cannot be named, and no proof but its own token does", async () => {
  const { own, theirs, login, call, isRunning, bearer } = await severalSessions();
  const end = async (which: string, token: string) =>
    (await call("POST", `/api/v1/sessions/${which}/end`, { bearer: token, json: { id: theirs.sessionId } }))
      .statusCode;
  expect(await end(theirs.sessionId, own[0]?.token ?? "")).toBe(404);
  const stored = await bearer("agent", developer);
  for (const token of [stored, login.token, await bearer("console", operator)]) {
    expect(await end("this", token)).toBe(403);
  }
  for (const { sessionId } of [...own, theirs]) expect(await isRunning(sessionId)).toBe(true);
  expect(await end("this", own[0]?.token ?? "")).toBe(200);
  expect(await Promise.all([...own, theirs].map(({ sessionId }) => isRunning(sessionId)))).toEqual([
    false,
    ...own.map(() => true),
  ]);
});

test("an end that cannot be recorded is refused in plain words, and the session goes on", async () => {
  const { call, openSession, identity, facts } = await controlPlaneUnderTest();
  const { token, sessionId } = await openSession(developer);
  Object.assign(facts, {
    push: () => {
      throw new Error("disk full");
    },
  });
  const answer = await call("POST", "/api/v1/sessions/this/end", { bearer: token, json: {} });
  expect([answer.statusCode, answer.json()]).toMatchObject([503, { error: { code: "audit_unavailable" } }]);
  expect((await identity.sessions.find(sessionId)).kind).toBe("running");
});

test("an agent ends its own session and no other agent's of the same owner, nor does a stored sign-in end any", async () => {
  const { own, login, call, isRunning, bearer } = await severalSessions();
  const [mine, another] = own.map(({ sessionId }) => sessionId);
  const stopOne = async (id = "", token = "") =>
    (await call("POST", `/api/v1/sessions/${id}/stop`, { bearer: token, json: {} })).statusCode;
  const token = own[0]?.token ?? "";
  expect(await stopOne(another, token)).toBe(403);
  for (const stored of [await bearer("agent", developer), login.token])
    expect(await stopOne(another, stored)).toBe(403);
  expect(await isRunning(another ?? "")).toBe(true);
  expect(await stopOne(mine, token)).toBe(200);
  expect(await isRunning(mine ?? "")).toBe(false);
});

test("a person without any role ends one session of theirs, with a sign-in of the last five minutes and no older one", async () => {
  const { own, call, isRunning, issuer, clock } = await severalSessions();
  const { sessionId } = own[0] ?? { sessionId: "" };
  const left = { email: developer.email, groups: [] };
  const signedInS = Math.floor(clock.now().getTime() / 1000);
  const stopWith = async (bearer: string) =>
    call("POST", `/api/v1/sessions/${sessionId}/stop`, { bearer, json: {} });
  const old = await stopWith(await issuer.idToken("console", left, { auth_time: signedInS - 600 }));
  expect([old.statusCode, old.json()]).toMatchObject([401, { error: { code: "sign_in_not_fresh" } }]);
  expect(await isRunning(sessionId)).toBe(true);
  expect((await stopWith(await issuer.idToken("console", left))).statusCode).toBe(200);
  expect(await isRunning(sessionId)).toBe(false);
});

test.each([{}, { all: false }, { all: true, principal: "x" }, { principal: "" }, { principal: 7 }])(
  "what does not say whom to stop stops nobody: %j",
  async (which) => {
    const { own, stop, isRunning, bearer } = await severalSessions();
    expect((await stop(which, await bearer("console", operator))).statusCode).toBe(400);
    expect(await isRunning(own[0]?.sessionId ?? "")).toBe(true);
  },
);
