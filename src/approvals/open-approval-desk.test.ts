import { expect, test } from "vitest";
import { temporaryDatabase } from "../../test/contracts/temporary-database.ts";
import {
  approver,
  asked,
  call,
  codeOf,
  deskUnderTest,
  developer,
  minute,
  quiet,
  stateOf,
  story,
  vote,
} from "../../test/fakes/desk-under-test.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { memoryApprovalStore } from "../../test/fakes/memory-approval-store.ts";
import { approvalStore } from "../storage/stores/index.ts";

test("what is pending, denied, expired or never asked is not claimed", async () => {
  const on = await deskUnderTest();
  await expect(on.desk.claim("apr_none", "x")).rejects.toMatchObject({ code: "approval_not_found" });
  const { id, fingerprint } = await asked(on);
  expect(await on.desk.claim(id, fingerprint)).toEqual({ kind: "refused", state: "pending" });
  await vote(on, id, { verdict: "deny" });
  expect(await on.desk.claim(id, fingerprint)).toEqual({ kind: "refused", state: "denied" });
});

test("an approval does not run for another fingerprint", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  await vote(on, id);
  const mutated = call({ held: { ...call().held, body: new TextEncoder().encode('{"really":false}') } });
  expect(await on.desk.claim(id, mutated.fingerprint)).toEqual({ kind: "refused", state: "approved" });
});

test("a held request that is not the one that was fingerprinted is refused before anyone is asked", async () => {
  const on = await deskUnderTest();
  const { fingerprint } = call();
  for (const change of [
    { held: { ...call().held, target: "/storage/v1/b/other" } },
    { held: { ...call().held, body: new Uint8Array(0) } },
    { sessionId: "ses_2" },
    { connection: "staging" },
    { policyVersion: "v2" },
  ]) {
    await expect(on.desk.request({ ...call(), ...change, fingerprint })).rejects.toThrow("fingerprinted");
  }
  expect(await on.desk.list({})).toEqual([]);
});

test("a request that asks nobody is refused: it would approve itself", async () => {
  const on = await deskUnderTest();
  await expect(on.desk.request(call({ requirements: [] }))).rejects.toThrow("who has to approve");
});

test("a hundred claims of one approval at once: exactly one runs", async () => {
  const on = await deskUnderTest(approvalStore(await temporaryDatabase()));
  const { id, fingerprint } = await asked(on);
  await vote(on, id);
  const claims = await Promise.all(Array.from({ length: 100 }, () => on.desk.claim(id, fingerprint)));
  const won = claims.filter(({ kind }) => kind === "claimed");
  expect(won).toMatchObject([{ held: call().held, request: { id, state: "executing" } }]);
  expect(claims.filter(({ kind }) => kind === "refused")).toHaveLength(99);
});

test("two processes on one store run an approval once", async () => {
  const store = approvalStore(await temporaryDatabase());
  const clock = manualClock();
  const one = await deskUnderTest(store, clock);
  const other = await deskUnderTest(store, clock);
  const { id, fingerprint } = await asked(one);
  await vote(other, id);
  const claims = await Promise.all([one, other, one, other].map(({ desk }) => desk.claim(id, fingerprint)));
  expect(claims.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
});

test("an approval whose decision cannot be recorded does not run, and does once the log works again", async () => {
  const on = await deskUnderTest();
  const { id, fingerprint } = await asked(on);
  on.breakLog(true);
  await expect(vote(on, id)).rejects.toThrow("the log is full");
  expect(await stateOf(on, id)).toBe("approved");
  await expect(on.desk.claim(id, fingerprint)).rejects.toThrow("the log is full");
  expect(await stateOf(on, id)).toBe("approved");
  on.breakLog(false);
  expect((await on.desk.claim(id, fingerprint)).kind).toBe("claimed");
  expect(story(on)).toEqual(["approval.requested pending", "approval.decided approved"]);
  expect(on.facts.at(-1)?.request.votes).toHaveLength(1);
});

test("a question that cannot be recorded is put to nobody", async () => {
  const on = await deskUnderTest();
  on.breakLog(true);
  await expect(on.desk.request(call())).rejects.toThrow("the log is full");
  expect(await on.desk.list({ state: "pending" })).toEqual([]);
});

test("held bytes that were exchanged in the store do not run, and the approval is spent", async () => {
  const store = memoryApprovalStore();
  let stolen = new Uint8Array();
  const on = await deskUnderTest({
    ...store,
    insert: (request, sealed, caps) => {
      if (stolen.length === 0) stolen = Uint8Array.from(sealed);
      return store.insert(request, sealed, caps);
    },
    claim: async (...claim) => ((await store.claim(...claim)) === undefined ? undefined : stolen),
  });
  await asked(on);
  const { id, fingerprint } = await asked(on, { matchKey: "delete other", resourceName: "b/other" });
  await vote(on, id);
  await expect(on.desk.claim(id, fingerprint)).rejects.toThrow("sealed for somebody else");
  expect(await stateOf(on, id)).toBe("lapsed");
});

test("what a session asked for before it was stopped is neither voted on nor run, nor handed to the agent's next session", async () => {
  const on = await deskUnderTest();
  const approved = await asked(on);
  await vote(on, approved.id);
  const pending = await asked(on, { matchKey: "delete other", resourceName: "b/other" });
  on.stopSession(approved.sessionId);
  expect(await on.desk.claim(approved.id, approved.fingerprint)).toEqual({
    kind: "refused",
    state: "cancelled",
  });
  expect(await vote(on, pending.id)).toMatchObject({ kind: "refused", code: "not_pending" });
  expect(await stateOf(on, pending.id)).toBe("cancelled");
  expect(story(on).filter((line) => line.endsWith("cancelled"))).toHaveLength(2);
});

test("nobody who looks through the requests is asked about one whose session was stopped", async () => {
  const on = await deskUnderTest();
  const { id, sessionId } = await asked(on);
  expect((await on.desk.list({})).map(({ state }) => state)).toEqual(["pending"]);
  on.stopSession(sessionId);
  expect((await on.desk.list({})).map((request) => [request.id, request.state])).toEqual([[id, "cancelled"]]);
  expect(await on.desk.list({ state: "pending" })).toEqual([]);
  expect(story(on).filter((line) => line.endsWith("cancelled"))).toHaveLength(1);
});

test("a call sent again from another session does not join the approval of a stopped one", async () => {
  const on = await deskUnderTest();
  const { id, sessionId } = await asked(on);
  await vote(on, id);
  on.stopSession(sessionId);
  expect((await asked(on)).id).not.toBe(id);
  expect(await stateOf(on, id)).toBe("cancelled");
});

test("nothing is called executed that was never claimed", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  await expect(on.desk.settle(id, "executed")).rejects.toThrow("not executing");
});

test("a looping agent cannot bury the approvers: the twenty-first pending request of a session is refused", async () => {
  const on = await deskUnderTest();
  for (let n = 0; n < 20; n += 1) await asked(on, { matchKey: `call ${n}` });
  expect(await on.desk.request(call({ matchKey: "one more" }))).toEqual({ kind: "too_many" });
  await asked(on, { matchKey: "of another session", sessionId: "ses_2" });
});

test("the same call sent again joins the request that waits, in other sessions too, and asks nobody twice", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  const again = await Promise.all([asked(on), asked(on, { sessionId: "ses_2" }), asked(on)]);
  expect(again.map((request) => request.id)).toEqual([id, id, id]);
  await vote(on, id);
  expect(await asked(on)).toMatchObject({ id, state: "approved" });
  expect(story(on).filter((fact) => fact.startsWith("approval.requested"))).toHaveLength(1);
});

test("identical calls that arrive together are one request", async () => {
  const on = await deskUnderTest(approvalStore(await temporaryDatabase()));
  const ids = await Promise.all(Array.from({ length: 20 }, async () => (await asked(on)).id));
  expect(new Set(ids).size).toBe(1);
});

test("after it ran, the same call is a new request", async () => {
  const on = await deskUnderTest();
  const { id, fingerprint } = await asked(on);
  await vote(on, id);
  await on.desk.claim(id, fingerprint);
  expect(await asked(on)).toMatchObject({ id, state: "executing" });
  await on.desk.settle(id, "executed");
  expect(await asked(on)).toMatchObject({ state: "pending", id: expect.not.stringMatching(id) as string });
});

test("a denial sticks for ten minutes: sending the call again asks nobody anew", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  await vote(on, id, { verdict: "deny", reason: "Not on a Friday." });
  await on.pass(10 * minute - 1);
  expect(await asked(on)).toMatchObject({ id, state: "denied", votes: [{ reason: "Not on a Friday." }] });
  await on.pass(1);
  expect((await asked(on)).state).toBe("pending");
});

test("a request under policies that changed since is not joined: it is cancelled and a new one opened", async () => {
  const on = await deskUnderTest();
  const { id, fingerprint } = await asked(on);
  await vote(on, id);
  const renewed = await asked(on, { policyVersion: "v2" });
  expect(renewed).toMatchObject({ state: "pending", policyVersion: "v2" });
  expect(await stateOf(on, id)).toBe("cancelled");
  expect(await on.desk.claim(id, fingerprint)).toEqual({ kind: "refused", state: "cancelled" });
  expect(story(on)).toContain("approval.expired cancelled");
});

test("a request nobody decides expires at its time, wakes who waits, and is on record", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  const waiting = on.desk.wait(id, { timeoutMs: 60 * minute, signal: new AbortController().signal });
  await on.pass(30 * minute - 1);
  expect(await stateOf(on, id)).toBe("pending");
  await on.pass(1);
  expect((await waiting).state).toBe("expired");
  expect(codeOf(await vote(on, id))).toBe("not_pending");
  expect(story(on)).toEqual(["approval.requested pending", "approval.expired expired"]);
});

test("a vote that comes as the time runs out counts for nothing, even before the clock has rung", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  on.clock.pass(30 * minute);
  expect(codeOf(await vote(on, id))).toBe("not_pending");
});

test("an approval nobody uses lapses", async () => {
  const on = await deskUnderTest();
  const { id, fingerprint } = await asked(on);
  await vote(on, id);
  await on.pass(10 * minute);
  expect(await stateOf(on, id)).toBe("lapsed");
  expect(await on.desk.claim(id, fingerprint)).toEqual({ kind: "refused", state: "lapsed" });
  expect(story(on).at(-1)).toBe("approval.expired lapsed");
  expect((await asked(on)).state).toBe("pending");
});

test("an approval is not claimed after its time, even before the clock has rung", async () => {
  const on = await deskUnderTest();
  const { id, fingerprint } = await asked(on);
  await vote(on, id);
  on.clock.pass(10 * minute);
  expect((await on.desk.claim(id, fingerprint)).kind).toBe("refused");
});

test("an end that cannot be recorded now is recorded later, and reported meanwhile", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  on.breakLog(true);
  await on.pass(30 * minute);
  expect(await stateOf(on, id)).toBe("expired");
  expect(on.failures).toHaveLength(1);
  on.breakLog(false);
  await on.pass(5_000);
  expect(story(on).at(-1)).toBe("approval.expired expired");
});

test("who waits is woken by the decision, with the decision on record", async () => {
  const on = await deskUnderTest();
  const { id, fingerprint } = await asked(on);
  const { signal } = new AbortController();
  const waits = [1, 2, 3].map(() => on.desk.wait(id, { timeoutMs: 25_000, signal }));
  await vote(on, id);
  for (const request of await Promise.all(waits))
    expect(request).toMatchObject({ state: "approved", isRecorded: true });
  expect((await on.desk.claim(id, fingerprint)).kind).toBe("claimed");
});

test("a wait ends with its time, or when the client is gone, and says the state then", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  const gone = new AbortController();
  const timed = on.desk.wait(id, { timeoutMs: 25_000, signal: new AbortController().signal });
  const aborted = on.desk.wait(id, { timeoutMs: 25_000, signal: gone.signal });
  await quiet();
  gone.abort();
  expect((await aborted).state).toBe("pending");
  await on.pass(25_000);
  expect((await timed).state).toBe("pending");
  expect((await on.desk.wait(id, { timeoutMs: 25_000, signal: AbortSignal.abort() })).state).toBe("pending");
});

test("waiting for what is decided already does not wait", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  await vote(on, id, { verdict: "deny" });
  const request = await on.desk.wait(id, { timeoutMs: 25_000, signal: new AbortController().signal });
  expect(request.state).toBe("denied");
});

test("closing lets every waiting call go", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  const waiting = on.desk.wait(id, { timeoutMs: 25_000, signal: new AbortController().signal });
  await quiet();
  await on.desk.close();
  expect((await waiting).state).toBe("pending");
});

test("an execution that a crash cut off becomes unknown, never runs again, and is on record", async () => {
  const before = await deskUnderTest();
  const { id, fingerprint } = await asked(before);
  await vote(before, id);
  await before.desk.claim(id, fingerprint);
  const after = await before.restart();
  expect(await stateOf(after, id)).toBe("unknown");
  expect(await after.desk.claim(id, fingerprint)).toEqual({ kind: "refused", state: "unknown" });
  expect(story(after)).toEqual(["approval.expired unknown"]);
});

test("a decision that a crash kept from the log is recorded at the next start, and only then runs", async () => {
  const before = await deskUnderTest();
  const { id, fingerprint } = await asked(before);
  before.breakLog(true);
  await expect(vote(before, id)).rejects.toThrow();
  const after = await before.restart();
  expect(story(after)).toEqual(["approval.decided approved"]);
  expect((await after.desk.claim(id, fingerprint)).kind).toBe("claimed");
});

test("what became overdue while nobody was there expires at the next start", async () => {
  const before = await deskUnderTest();
  const { id } = await asked(before);
  before.clock.pass(31 * minute);
  const after = await before.restart();
  expect(await stateOf(after, id)).toBe("expired");
});

test("a pending request survives a restart, with its clock", async () => {
  const before = await deskUnderTest();
  const { id } = await asked(before);
  before.clock.pass(10 * minute);
  const after = await before.restart();
  expect(await asked(after)).toMatchObject({ id, state: "pending" });
  await after.pass(20 * minute);
  expect(await stateOf(after, id)).toBe("expired");
});

test("a call is asked, approved, run once and settled, each step on record with who did it", async () => {
  const on = await deskUnderTest();
  const { id, fingerprint } = await asked(on);
  const outcome = await vote(on, id, { reason: "  fine\u001b[31m by\u202e me\n" });
  expect(outcome).toMatchObject({
    kind: "counted",
    request: { state: "approved", votes: [{ approver: { id: approver.id }, reason: "fine [31m by me" }] },
  });
  expect(await on.desk.claim(id, fingerprint)).toMatchObject({ kind: "claimed", held: call().held });
  await on.desk.settle(id, "executed");
  await on.desk.settle(id, "unknown");
  expect(await stateOf(on, id)).toBe("executed");
  expect(story(on)).toEqual([
    "approval.requested pending",
    "approval.vote approved",
    "approval.decided approved",
  ]);
  expect(on.facts[0]?.request.requester).toEqual(developer);
});
