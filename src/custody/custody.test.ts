import { expect, test, vi } from "vitest";
import { openEntryReader, verifyLog } from "#audit";
import type { HoldScope } from "#custody";
import { GatehouseError } from "#lib/errors";
import { temporaryDatabase } from "../../test/contracts/temporary-database.ts";
import { type CustodyUnderTest, custodyUnderTest, person } from "../../test/fakes/custody-under-test.ts";
import { readingWith } from "../../test/fakes/entry-reader-parts.ts";
import { auditStore, type Database } from "../storage/stores/index.ts";

const [first, second] = [person("first"), person("second")];

async function opened(): Promise<CustodyUnderTest & { database: Database }> {
  const database = await temporaryDatabase();
  const under = await custodyUnderTest(database);
  await under.session("ses_1");
  return { ...under, database };
}

async function requested(under: CustodyUnderTest, sessionId = "ses_1"): Promise<string> {
  const asked = await under.custody.requestErasure(first, sessionId, "asked for by the person");
  if (asked.kind === "refused") throw new Error(asked.code);
  return asked.request.id;
}

async function held(under: CustodyUnderTest, scope: HoldScope): Promise<string> {
  const set = await under.custody.setHold(first, scope, "lawsuit");
  if (set.kind === "refused") throw new Error(set.code);
  return set.hold.id;
}

async function kindsIn(database: Database): Promise<string[]> {
  const entries = await auditStore(database).entries(0, 1_000);
  return entries.map(({ leaf }) => /"kind":"([^"]+)"/.exec(Buffer.from(leaf).toString())?.[1] ?? "");
}

test("nobody confirms what they asked for, not under another name either", async () => {
  const under = await opened();
  const id = await requested(under);
  const otherAccount = { ...person("other", "FIRST@example.com"), issuer: "https://second.example" };
  for (const same of [first, { ...first, groups: [] }, otherAccount])
    expect(await under.custody.confirm(same, id)).toEqual({ kind: "refused", code: "same_person" });
  expect(await under.store.isErased("ses_1")).toBe(false);
});

test("a session that runs is not erased: it is stopped first", async () => {
  const under = await opened();
  under.running.add("ses_1");
  const refused = { kind: "refused", code: "session_running" };
  expect(await under.custody.requestErasure(first, "ses_1", "why")).toEqual(refused);
  under.running.clear();
  const id = await requested(under);
  under.running.add("ses_1");
  expect(await under.custody.confirm(second, id)).toEqual(refused);
});

test("nothing is erased under a hold, whether it was there before the request or came after", async () => {
  const under = await opened();
  const id = await requested(under);
  await under.custody.setHold(second, { query: { resource: "b/ses_1" } }, "lawsuit");
  const refused = { kind: "refused", code: "under_hold" };
  expect(await under.custody.confirm(second, id)).toEqual(refused);
  expect(await under.custody.requestErasure(first, "ses_1", "why")).toEqual(refused);
});

test("a hold that comes while an erasure is being confirmed is seen by the transaction that destroys", async () => {
  const under = await opened();
  const id = await requested(under);
  const isHeld = under.store.isHeld;
  Object.assign(under.store, {
    isHeld: async (sessionId: string) => {
      const answer = await isHeld(sessionId);
      await under.custody.setHold(second, { sessionId }, "in time");
      return answer;
    },
  });
  expect(await under.custody.confirm(second, id)).toEqual({ kind: "refused", code: "under_hold" });
  expect(await under.store.isErased("ses_1")).toBe(false);
});

test("a request that is unknown, too old or carried out already is not confirmed", async () => {
  const under = await opened();
  const id = await requested(under);
  const late = await requested(under);
  expect(await under.custody.confirm(second, "req_0")).toMatchObject({ code: "not_found" });
  expect(await under.custody.confirm(second, id)).toMatchObject({ kind: "erased" });
  expect(await under.custody.confirm(second, id)).toMatchObject({ code: "request_closed" });
  expect(await under.custody.confirm(second, late)).toMatchObject({ code: "already_erased" });
  await under.session("ses_2");
  const old = await requested(under, "ses_2");
  under.clock.pass(7 * 24 * 60 * 60 * 1000 + 1);
  expect(await under.custody.confirm(second, old)).toMatchObject({ code: "request_closed" });
  expect(await under.custody.list()).toEqual({ holds: [], requests: [] });
});

test("a session that is unknown or erased already is not asked for", async () => {
  const under = await opened();
  expect(await under.custody.requestErasure(first, "ses_9", "why")).toMatchObject({ code: "not_found" });
  await under.custody.confirm(second, await requested(under));
  expect(await under.custody.requestErasure(first, "ses_1", "why")).toMatchObject({
    code: "already_erased",
  });
});

test("two people release a hold, never one, and its protection lasts until then", async () => {
  const under = await opened();
  const holdId = await held(under, { sessionId: "ses_1" });
  expect(await under.custody.requestRelease(first, "hld_0", "over")).toMatchObject({ code: "not_found" });
  const asked = await under.custody.requestRelease(first, holdId, "over");
  if (asked.kind === "refused") throw new Error(asked.code);
  expect(await under.custody.confirm(first, asked.request.id)).toMatchObject({ code: "same_person" });
  expect(await under.store.isHeld("ses_1")).toBe(true);
  expect(await under.custody.confirm(second, asked.request.id)).toMatchObject({ kind: "released" });
  expect(await under.store.isHeld("ses_1")).toBe(false);
  expect(await kindsIn(under.database)).toEqual([
    "log.open",
    "exchange.outcome",
    "hold.set",
    "hold.release_requested",
    "hold.release",
  ]);
});

test("what goes by the rules is no breach to whoever verifies the log: holds, releases, erasures", async () => {
  const under = await opened();
  for (const scope of [{ sessionId: "ses_1" }, { query: { operation: "storage.objects.get" } }]) {
    const holdId = await held(under, scope);
    const asked = await under.custody.requestRelease(second, holdId, "closed");
    if (asked.kind === "refused") throw new Error(asked.code);
    expect(await under.custody.confirm(first, asked.request.id)).toMatchObject({ kind: "released" });
  }
  under.running.add("ses_2");
  await held(under, { sessionId: "ses_2" });
  expect(await under.custody.confirm(second, await requested(under))).toMatchObject({ kind: "erased" });
  await under.log.close();
  const { verifierKey, keys } = under;
  expect(await verifyLog(auditStore(under.database), { verifierKey, keys })).toMatchObject({
    kind: "verified",
    breaches: [],
    undecided: [],
    recordings: { erased: 1, asCommitted: 0, notOpened: 0 },
  });
});

test("an erased session opens no more, here or after a restart, and the log tells who and why", async () => {
  const under = await opened();
  const store = auditStore(under.database);
  const before = await openEntryReader(store, readingWith(under.keys)).show(1);
  expect(before?.detail).toContain("b/ses_1");
  expect(await under.custody.confirm(second, await requested(under))).toMatchObject({
    kind: "erased",
    isScrubbed: true,
  });
  const entry = await openEntryReader(store, readingWith(under.keys)).show(1);
  expect(entry).toMatchObject({
    detail: undefined,
    about: {},
    attachments: [{ state: "erased" }, { state: "erased" }],
    erasure: {
      cause: "erasure",
      reason: "asked for by the person",
      requestedBy: "first@example.com",
      confirmedBy: "second@example.com",
    },
  });
  await expect(under.session("ses_1x", { sessionId: "ses_1" })).rejects.toMatchObject({
    code: "audit_key_erased",
  });
  await under.log.close();
  const { verifierKey, keys } = under;
  expect(await verifyLog(store, { verifierKey, keys })).toMatchObject({
    kind: "verified",
    erasedAttachments: 2,
    erasures: [{ sessionId: "ses_1", requestedBy: "first@example.com" }],
  });
  expect(under.failures).toEqual([]);
});

test("an erasure whose sweep fails is reported as the erasure it is, and swept within the hour", async () => {
  const under = await opened();
  const id = await requested(under);
  const { sweep } = under.store;
  const full = new GatehouseError("database_full", "The disk is full. Nothing was written.");
  Object.assign(under.store, { sweep: () => Promise.reject(full) });
  expect(await under.custody.confirm(second, id)).toMatchObject({ kind: "erased", isScrubbed: false });
  expect(under.failures).toEqual([full]);
  expect(await under.store.isErased("ses_1")).toBe(true);
  expect(await under.store.unswept(10)).toEqual(["ses_1"]);
  Object.assign(under.store, { sweep });
  await vi.waitFor(() => expect(under.timer.waiting).toBeGreaterThan(1));
  under.timer.pass(60 * 60 * 1000);
  await vi.waitFor(async () => expect(await under.store.unswept(10)).toEqual([]));
});

test("a hold on a session that is unknown or erased is refused, and one on a session that has just begun is set", async () => {
  const under = await opened();
  const set = (sessionId: string) => under.custody.setHold(first, { sessionId }, "lawsuit");
  expect(await set("exc_ses_1")).toEqual({ kind: "refused", code: "not_found" });
  under.running.add("ses_new");
  expect(await set("ses_new")).toMatchObject({ kind: "set" });
  await under.custody.confirm(second, await requested(under));
  expect(await set("ses_1")).toEqual({ kind: "refused", code: "already_erased" });
  expect(await under.store.holds(10)).toMatchObject([{ scope: { sessionId: "ses_new" } }]);
});
