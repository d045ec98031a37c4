import { expect, test } from "vitest";
import { fakeKeyProvider } from "../../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../../test/fakes/log-signer.ts";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../../test/fakes/manual-timer.ts";
import { memoryAuditStore } from "../../../test/fakes/memory-audit-store.ts";
import { DataKeys } from "../data-keys.ts";
import type { NewEntry } from "../entry.ts";
import { openAuditLog } from "../log.ts";
import { type LogVerification, verifyLog } from "./verify.ts";

// A server that lies: whoever runs it has it write, and sign, whatever they like.

const signer = newLogSigner();
const provider = fakeKeyProvider();
const dayMs = 86_400_000;

type Lie = NewEntry | { readonly daysPass: number };

/** The log of a server that was made to write these; `keys`: whether the verifier has them. */
async function verdictOn(
  lies: readonly Lie[],
  keys: "with keys" | "without" = "with keys",
): Promise<LogVerification> {
  const store = memoryAuditStore();
  const clock = manualClock();
  const log = await openAuditLog({
    store,
    keys: new DataKeys(store, [provider]),
    signer,
    clock,
    timer: manualTimer(),
    onFailed: () => undefined,
  });
  await log.append(call);
  for (const lie of lies) {
    if ("daysPass" in lie) clock.pass(lie.daysPass * dayMs);
    else await log.append(lie);
    if ("kind" in lie && lie.kind === "key.shred")
      store.dataKeys.set(lie.sessionId ?? "", { kind: "erased" });
  }
  await log.close();
  const providers = keys === "with keys" ? [provider] : [];
  return verifyLog(store, { verifierKey: signer.verifierKey, keys: new DataKeys(store, providers) });
}

async function codesOf(...lies: readonly Lie[]): Promise<readonly string[]> {
  const verdict = await verdictOn(lies);
  if (verdict.kind === "broken") throw new Error(verdict.problem);
  expect(verdict.undecided).toEqual([]);
  return verdict.breaches.map(({ code, index }) => `${index} ${code}`);
}

const call: NewEntry = {
  kind: "exchange.outcome",
  sessionId: "ses_1",
  operation: "storage.objects.get",
  class: "read",
  detail: { resource: "b/o", principal: "developer@example.com" },
};
const kept = { isKeptFromErasure: true } as const;
const requested: NewEntry = {
  ...{ ...kept, kind: "erase.requested", sessionId: "ses_1" },
  detail: { principal: "one@example.com", request: "req_1", reason: "asked for" },
};
const both = {
  ...{ requestedBy: "one@example.com", requestedById: "id-1" },
  ...{ confirmedBy: "two@example.com", confirmedById: "id-2" },
};
const shredded = (changes: Record<string, string> = {}): NewEntry => ({
  ...{ ...kept, kind: "key.shred", sessionId: "ses_1", decision: "erasure" },
  detail: { principal: "two@example.com", request: "req_1", reason: "asked for", ...both, ...changes },
});
const held = (on: { session: string } | { query: Record<string, string> }): NewEntry => ({
  ...{ ...kept, kind: "hold.set" },
  ...("session" in on ? { sessionId: on.session } : {}),
  detail: { principal: "one@example.com", hold: "hld_1", reason: "lawsuit", ...on },
});
const onSession = held({ session: "ses_1" });
const releaseRequested: NewEntry = {
  ...{ ...kept, kind: "hold.release_requested" },
  detail: { principal: "one@example.com", request: "req_2", hold: "hld_1", reason: "closed" },
};
const released = (changes: Record<string, string> = {}): NewEntry => ({
  ...{ ...kept, kind: "hold.release" },
  detail: {
    principal: "two@example.com",
    request: "req_2",
    hold: "hld_1",
    reason: "closed",
    ...both,
    ...changes,
  },
});
const expired = (keptDays: number): NewEntry => ({
  ...{ ...kept, kind: "key.shred", sessionId: "ses_1", decision: "retention" },
  detail: { principal: "retention", reason: "retention", keptDays },
});

test("what two auditors did by the rules is no breach", async () => {
  expect(await codesOf(requested, shredded())).toEqual([]);
  expect(await codesOf(onSession, releaseRequested, released(), requested, shredded())).toEqual([]);
  expect(await codesOf(held({ session: "ses_2" }), requested, shredded())).toEqual([]);
  expect(await codesOf({ daysPass: 30 }, expired(30))).toEqual([]);
  expect(await codesOf(requested, shredded(), onSession)).toEqual([]);
});

test("an erasure under a hold on the session is told, whoever agreed to it", async () => {
  expect(await codesOf(onSession, requested, shredded())).toEqual(["4 erased_under_hold"]);
  expect(await codesOf(requested, onSession, shredded())).toEqual(["4 erased_under_hold"]);
  expect(await codesOf(onSession, { daysPass: 30 }, expired(30))).toEqual(["3 erased_under_hold"]);
  const verdict = await verdictOn([onSession, requested, shredded()]);
  expect(verdict).toMatchObject({
    kind: "verified",
    breaches: [{ problem: "Entry 4 erased ses_1 under the hold of entry 2, which nobody had released." }],
  });
});

test("an erasure under a hold on what the session did is told, whether the call came before the hold or after", async () => {
  const query = { operation: "storage.objects.get", class: "read" };
  expect(await codesOf(held({ query }), requested, shredded())).toEqual(["4 erased_under_hold"]);
  expect(await codesOf(held({ query: { ...query, class: "write" } }), requested, shredded())).toEqual([]);
  const later = { ...call, operation: "compute.instances.delete", class: "destructive" };
  const onLater = held({ query: { class: "destructive" } });
  expect(await codesOf(onLater, later, requested, shredded())).toEqual(["5 erased_under_hold"]);
  const past = { query: { from: "2020-01-01T00:00:00.000Z", to: "2020-01-02T00:00:00.000Z" } };
  expect(await codesOf(held(past), requested, shredded())).toEqual([]);
});

test("a hold on people or resources, whose names went with the erasure, is said to be undecided", async () => {
  const verdict = await verdictOn([
    held({ query: { principal: "developer@example.com" } }),
    requested,
    shredded(),
  ]);
  expect(verdict).toMatchObject({
    breaches: [],
    undecided: [{ index: 4, problem: expect.stringContaining("the hold of entry 2") as string }],
  });
});

test("a release after the erasure, or of another hold, excuses nothing", async () => {
  const after = [onSession, requested, shredded(), releaseRequested, released()];
  expect(await codesOf(...after)).toEqual(["4 erased_under_hold"]);
  const other = { hold: "hld_2" };
  const otherRequested = { ...releaseRequested, detail: { ...releaseRequested.detail, ...other } };
  expect(await codesOf(onSession, otherRequested, released(other), requested, shredded())).toEqual([
    "6 erased_under_hold",
  ]);
});

test("an erasure by one auditor is told, also under two names or with nobody named", async () => {
  const one = ["3 erased_by_one"];
  expect(await codesOf(requested, shredded({ confirmedById: "id-1" }))).toEqual(one);
  expect(await codesOf(requested, shredded({ confirmedBy: "One@example.com" }))).toEqual(one);
  expect(await codesOf(requested, shredded({ requestedBy: "three@example.com" }))).toEqual(one);
  expect(await codesOf(requested, { ...shredded(), detail: { request: "req_1" } })).toEqual(one);
  const subjects = { requestedBy: "42", confirmedBy: "42" };
  const bySubject = { ...requested, detail: { ...requested.detail, principal: "42" } };
  expect(await codesOf(bySubject, shredded(subjects))).toEqual([]);
});

test("an erasure that nobody asked for, or asked for of another session, is told", async () => {
  expect(await codesOf(shredded())).toEqual(["2 erased_unasked"]);
  expect(await codesOf(shredded(), requested)).toEqual(["2 erased_unasked"]);
  expect(await codesOf({ ...requested, sessionId: "ses_2" }, shredded())).toEqual(["3 erased_unasked"]);
  expect(await codesOf(requested, shredded({ request: "req_9" }))).toEqual(["3 erased_unasked"]);
});

test("a hold that one auditor released, or nobody asked to release, is told", async () => {
  const byOne = released({ confirmedById: "id-1" });
  expect(await codesOf(onSession, releaseRequested, byOne)).toEqual(["4 released_by_one"]);
  expect(await codesOf(onSession, released())).toEqual(["3 released_unasked"]);
});

test("an erasure that is called retention before its time, or called nothing, is told", async () => {
  expect(await codesOf({ daysPass: 29 }, expired(30))).toEqual(["2 erased_early"]);
  expect(await codesOf({ ...expired(30), detail: { principal: "retention" } })).toEqual(["2 erased_early"]);
  expect(await codesOf({ ...shredded(), decision: "allow" })).toEqual(["2 erased_for_no_cause"]);
});

test("an erasure of a day, which holds what auditors did, is told", async () => {
  const day = { ...requested, sessionId: "2020-01-01" };
  expect(await codesOf(day, { ...shredded(), sessionId: "2020-01-01" })).toEqual(["3 erased_day"]);
});

test("without keys what entries say themselves is told, and the rest is said to be undecided", async () => {
  const bare = (verdict: LogVerification) =>
    verdict.kind === "verified" && {
      breaches: verdict.breaches.map(({ code }) => code),
      undecided: verdict.undecided.map(({ index }) => index),
    };
  expect(bare(await verdictOn([onSession, requested, shredded()], "without"))).toEqual({
    breaches: ["erased_under_hold"],
    undecided: [4],
  });
  const lawful = [onSession, releaseRequested, released(), requested, shredded()];
  expect(bare(await verdictOn(lawful, "without"))).toEqual({ breaches: [], undecided: [4, 6, 6] });
  expect(bare(await verdictOn([shredded()], "without"))).toEqual({
    breaches: ["erased_unasked"],
    undecided: [2],
  });
});
