import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { controlPlaneUnderTest, pendingRequest } from "../../../test/fakes/control-plane-under-test.ts";
import { approver, auditor, developer, outsider } from "../../../test/fakes/token-issuer.ts";

const everything = { email: "all@example.com", groups: ["engineering", "sre", "audit", "platform"] };
const request = pendingRequest();
const approve = { verdict: "approve", fingerprint: request.fingerprint };
const votesPath = `/api/v1/approvals/${request.id}/votes`;

async function underTest() {
  const under = await controlPlaneUnderTest();
  under.requests.set(request.id, request);
  const vote = async (bearer: string | undefined, json: object = approve) => {
    const answer = await under.call("POST", votesPath, { bearer, json });
    const body: unknown = answer.json();
    return { status: answer.statusCode, body };
  };
  return { ...under, vote };
}

test("nobody votes without a token, with a stored sign-in, or with a gateway token, approver or not", async () => {
  const { vote, bearer, openSession, votes } = await underTest();
  expect(await vote(undefined)).toMatchObject({ status: 401 });
  expect(await vote(await bearer("agent", everything))).toMatchObject({ status: 403 });
  expect(await vote((await openSession(everything)).token)).toMatchObject({ status: 403 });
  expect(votes).toEqual([]);
});

test("nobody votes without the role approver", async () => {
  const { vote, bearer, votes } = await underTest();
  for (const person of [developer, auditor, outsider]) {
    expect(await vote(await bearer("console", person))).toMatchObject({
      status: 403,
      body: { error: { code: "missing_role" } },
    });
  }
  expect(votes).toEqual([]);
});

test("an approver who signed in more than five minutes ago does not vote", async () => {
  const { vote, bearer, clock, votes } = await underTest();
  const token = await bearer("console", approver);
  clock.pass(limits.approverSignInAgeMsMax + 1_000);
  expect(await vote(token)).toMatchObject({ status: 401, body: { error: { code: "sign_in_not_fresh" } } });
  expect(votes).toEqual([]);
});

test("an approver cannot approve their own request, by account or by address, and the desk is not even asked", async () => {
  const { vote, bearer, requests, votes, identity } = await underTest();
  const token = await bearer("console", everything);
  const verdict = await identity.actors.identify(token);
  if (verdict.kind === "refused") throw new Error("refused");
  const { principal } = verdict.actor;
  const others = { id: "another account", email: "ALL@example.com" };
  for (const requester of [
    { ...principal, email: undefined },
    { ...principal, ...others },
  ]) {
    requests.set(request.id, pendingRequest({ requester }));
    expect(await vote(token)).toMatchObject({ status: 403, body: { error: { code: "own_request" } } });
  }
  expect(votes).toEqual([]);
});

test("a vote on something else than what is waiting does not count", async () => {
  const { vote, bearer, votes } = await underTest();
  const stale = { ...approve, fingerprint: "0".repeat(64) };
  expect(await vote(await bearer("console", approver), stale)).toMatchObject({
    status: 409,
    body: { error: { code: "request_changed" } },
  });
  expect(votes).toEqual([]);
});

test.each([
  ["no verdict", { fingerprint: request.fingerprint }],
  ["another verdict", { ...approve, verdict: "approve-all" }],
  ["no fingerprint", { verdict: "approve" }],
  ["a reason of 501 characters", { ...approve, reason: "x".repeat(501) }],
])("a ballot with %s is refused", async (_name, ballot) => {
  const { vote, bearer, votes } = await underTest();
  expect(await vote(await bearer("console", approver), ballot)).toMatchObject({ status: 400 });
  expect(votes).toEqual([]);
});

test.each([
  ["not_pending", 409],
  ["own_request", 403],
  ["not_in_group", 403],
  ["already_voted", 409],
  ["sign_in_not_fresh", 401],
  ["not_found", 404],
] as const)("the desk's refusal %s is answered %i", async (code, status) => {
  const under = await controlPlaneUnderTest();
  under.requests.set(request.id, request);
  under.voteOutcome = { kind: "refused", code, message: "" };
  const answer = await under.call("POST", votesPath, {
    bearer: await under.bearer("console", approver),
    json: approve,
  });
  expect([answer.statusCode, answer.json()]).toMatchObject([status, { error: { code } }]);
});

test("a request that does not exist cannot be voted on", async () => {
  const { call, bearer, votes } = await underTest();
  const answer = await call("POST", "/api/v1/approvals/apr_none/votes", {
    bearer: await bearer("console", approver),
    json: approve,
  });
  expect([answer.statusCode, votes]).toEqual([404, []]);
});

test("only approvers read what others ask for", async () => {
  const { call, bearer, openSession } = await underTest();
  const tokens = [
    await bearer("console", auditor),
    await bearer("agent", everything),
    (await openSession(everything)).token,
  ];
  for (const path of ["/api/v1/approvals", `/api/v1/approvals/${request.id}`]) {
    for (const token of tokens) expect((await call("GET", path, { bearer: token })).statusCode).toBe(403);
    expect((await call("GET", path)).statusCode).toBe(401);
  }
});

test("how somebody else's request stands is not told, not even that it exists", async () => {
  const { call, openSession, bearer } = await underTest();
  const { token } = await openSession(everything);
  for (const each of [token, await bearer("agent", developer), await bearer("console", auditor)]) {
    const other = await call("GET", `/api/v1/approvals/${request.id}/status`, { bearer: each });
    const none = await call("GET", "/api/v1/approvals/apr_none/status", { bearer: each });
    expect([other.statusCode, other.body]).toEqual([none.statusCode, none.body]);
    expect(other.statusCode).toBe(404);
  }
});

test("a fresh approver's vote goes to the desk with who they are and when they signed in", async () => {
  const { vote, bearer, votes, clock } = await underTest();
  const answer = await vote(await bearer("console", approver), { ...approve, reason: "window agreed" });
  expect(answer).toEqual({
    status: 200,
    body: { id: request.id, state: "approved", decideBy: request.decideBy.toISOString() },
  });
  expect(votes).toMatchObject([
    {
      id: request.id,
      vote: { verdict: "approve", reason: "window agreed", approver: { email: approver.email } },
      signedInAt: new Date(Math.floor(clock.now().getTime() / 1000) * 1000),
    },
  ]);
});

test("an approver sees list and detail in the shape that the command line reads", async () => {
  const { call, bearer } = await underTest();
  const token = await bearer("console", approver);
  const list: { approvals: unknown[] } = (await call("GET", "/api/v1/approvals", { bearer: token })).json();
  const detail: unknown = (await call("GET", `/api/v1/approvals/${request.id}`, { bearer: token })).json();
  expect(list.approvals).toEqual([detail]);
  expect(detail).toMatchObject({
    requester: { email: "developer@example.com" },
    operation: "compute.instances.delete",
    requirements: [{ policy: "agents", rule: "destroy", groups: ["sre"], approvals: 1, each: 0 }],
  });
});

test("the requester follows the request with the session's token or the stored sign-in, and reads why it was denied", async () => {
  const { call, openSession, bearer, requests, identity } = await underTest();
  const { token, sessionId } = await openSession(developer);
  const finding = await identity.sessions.find(sessionId);
  if (finding.kind !== "running") throw new Error("not running");
  const votes = [
    { approver: request.requester, verdict: "deny" as const, reason: "not today", at: new Date() },
  ];
  requests.set(request.id, pendingRequest({ requester: finding.session.principal, state: "denied", votes }));
  for (const each of [token, await bearer("agent", developer)]) {
    const answer = await call("GET", `/api/v1/approvals/${request.id}/status?wait=0`, { bearer: each });
    expect(answer.json()).toMatchObject({ state: "denied", denialReason: "not today" });
    expect(answer.body).not.toContain(request.preview);
  }
});

test("waiting is asked of the desk for 55 seconds at most, and ends when the server closes", async () => {
  const { app, call, bearer, waits } = await underTest();
  const answer = call("GET", `/api/v1/approvals/${request.id}/status?wait=3600`, {
    bearer: await bearer("console", approver),
  });
  await expect.poll(() => waits.length).toBe(1);
  expect(waits[0]?.timeoutMs).toBe(limits.approvalWaitMsMax);
  await app.close();
  expect((await answer).json()).toMatchObject({ state: "pending" });
});

test.each(["-1", "1.5", "forever", "1e9"])("wait=%s is refused", async (wait) => {
  const { call, bearer } = await underTest();
  const path = `/api/v1/approvals/${request.id}/status?wait=${wait}`;
  expect((await call("GET", path, { bearer: await bearer("console", approver) })).statusCode).toBe(400);
});
