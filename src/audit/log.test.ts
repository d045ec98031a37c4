import { expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { hashLeaf, parseCheckpoint } from "#tlog";
import { keysOf } from "../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { type MemoryAuditStore, memoryAuditStore } from "../../test/fakes/memory-audit-store.ts";
import type { NewEntry } from "./entry.ts";
import { openAuditLog } from "./log.ts";

const signer = newLogSigner();

async function openLog(store: MemoryAuditStore = memoryAuditStore()) {
  const timer = manualTimer();
  const clock = manualClock();
  const failures: GatehouseError[] = [];
  const log = await openAuditLog({
    store,
    keys: keysOf(store),
    signer,
    clock,
    timer,
    onFailed: (error) => failures.push(error),
  });
  return { log, store, timer, clock, failures };
}

const intent = (exchangeId: string): NewEntry => ({
  kind: "exchange.intent",
  sessionId: "ses_1",
  exchangeId,
  operation: "storage.objects.get",
  class: "read",
  decision: "allow",
});

/** Lets everything that needs no timer happen. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const textOf = (leaf: Uint8Array | undefined): string => Buffer.from(leaf ?? []).toString("utf8");
const kindsIn = (store: MemoryAuditStore): string[] =>
  store.stored.map(({ leaf }) => /"kind":"([^"]+)"/.exec(textOf(leaf))?.[1] ?? "");

test("after a write whose result nobody knows, the log refuses everything until restart, and says so once", async () => {
  const { log, store, failures } = await openLog();
  store.fault = "throw";
  await expect(log.append(intent("exc_1"))).rejects.toMatchObject({ code: "audit_log_failed" });
  store.fault = "none";
  await expect(log.append(intent("exc_2"))).rejects.toMatchObject({ code: "audit_log_failed" });
  expect(failures.map(({ code }) => code)).toEqual(["audit_log_failed"]);
  expect(kindsIn(store)).toEqual(["log.open"]);
});

test("a failed log signs nothing more, not even when it is closed", async () => {
  const { log, store, timer } = await openLog();
  await log.append(intent("exc_1"));
  store.fault = "throw";
  await expect(log.append(intent("exc_2"))).rejects.toMatchObject({ code: "audit_log_failed" });
  store.fault = "none";
  timer.pass(120_000);
  await settled();
  await log.close();
  expect(store.signed.map(({ size }) => size)).toEqual([1]);
});

test("a write that certainly did not happen refuses that entry, and the next one may go through", async () => {
  const { log, store, failures } = await openLog();
  store.fault = "refuse";
  await expect(log.append(intent("exc_1"))).rejects.toMatchObject({ code: "audit_refused" });
  store.fault = "none";
  expect((await log.append(intent("exc_2"))).index).toBe(1);
  expect(failures).toEqual([]);
});

test("a session's key that could not be kept is asked for again, not remembered as failed", async () => {
  const { log, store } = await openLog();
  store.fault = "refuse";
  await expect(log.append({ ...intent("exc_1"), detail: {} })).rejects.toMatchObject({
    code: "audit_refused",
  });
  store.fault = "none";
  expect((await log.append({ ...intent("exc_1"), detail: {} })).index).toBe(1);
});

test.each(["dataKey", "head"] as const)(
  "a question (%s) on the way to a key that was not answered refuses that entry, and is no reason to stop the log",
  async (question) => {
    const { log, store, failures } = await openLog();
    const silent = () => Promise.reject(new GatehouseError("database_busy", "the fake does not answer"));
    const { [question]: answer } = store;
    Object.assign(store, { [question]: silent });
    await expect(log.append({ ...intent("exc_1"), detail: {} })).rejects.toMatchObject({
      code: "audit_refused",
      message: expect.stringContaining("the fake does not answer") as string,
    });
    Object.assign(store, { [question]: answer });
    expect((await log.append({ ...intent("exc_2"), detail: {} })).index).toBe(1);
    expect(failures).toEqual([]);
  },
);

test("entries that could not be read back to be signed are signed a second later", async () => {
  const { log, store, timer, failures } = await openLog();
  await log.append(intent("exc_1"));
  const { entries } = store;
  store.entries = () => Promise.reject(new GatehouseError("database_busy", "the fake does not answer"));
  timer.pass(250);
  await settled();
  expect(store.signed.map(({ size }) => size)).toEqual([1]);
  store.entries = entries;
  timer.pass(1_000);
  await settled();
  expect(store.signed.map(({ size }) => size)).toEqual([1, 2]);
  expect(failures).toEqual([]);
});

test("nothing is added to a session whose records were erased", async () => {
  const { log, store, failures } = await openLog();
  store.dataKeys.set("ses_1", { kind: "erased" });
  await expect(log.append({ ...intent("exc_1"), detail: {} })).rejects.toMatchObject({
    code: "audit_key_erased",
  });
  expect(failures).toEqual([]);
});

test("a closed log refuses entries", async () => {
  const { log } = await openLog();
  await log.close();
  await expect(log.append(intent("exc_1"))).rejects.toMatchObject({ code: "audit_log_closed" });
});

test("a failing checkpoint write stops the log", async () => {
  const { log, store, timer, failures } = await openLog();
  await log.append(intent("exc_1"));
  store.fault = "throw";
  timer.pass(1_000);
  await settled();
  expect(failures.length).toBe(1);
  store.fault = "none";
  await expect(log.append(intent("exc_2"))).rejects.toMatchObject({ code: "audit_log_failed" });
});

test("an entry that changes on disk before it is signed is noticed, and not vouched for", async () => {
  const { log, store, timer, failures } = await openLog();
  await log.append(intent("exc_1"));
  const victim = store.stored[1]?.leaf;
  victim?.set([victim.length], 20);
  timer.pass(1_000);
  await settled();
  expect(failures[0]?.message).toContain("entry 1 was changed");
  expect(store.signed.map(({ size }) => size)).toEqual([1]);
});

test("an entry that is integrated before its writer hears of it is no index given out twice", async () => {
  const { log, store, timer, failures } = await openLog();
  const { append } = store;
  store.append = async (entry) => {
    const stored = await append(entry);
    timer.pass(60_000);
    await settled();
    return stored;
  };
  await log.append(intent("exc_1"));
  expect(store.signed.at(-1)?.size).toBe(2);
  await log.append(intent("exc_2"));
  expect(failures).toEqual([]);
});

test("a store that gives out an index twice stops the log", async () => {
  const { log, store, timer, failures } = await openLog();
  await log.append(intent("exc_1"));
  timer.pass(1_000);
  await settled();
  store.next = 0;
  await expect(log.append(intent("exc_2"))).rejects.toMatchObject({ code: "audit_log_failed" });
  expect(failures.length).toBe(1);
});

test("a log is not continued when its stored entries are not the ones that were signed", async () => {
  const tampering: Record<string, (store: MemoryAuditStore) => void> = {
    "entry 1 was changed": ({ stored }) => stored[1]?.leaf.set([0x20], 20),
    "entry 1 is missing; the next one is 2": ({ stored }) => stored.splice(1, 1),
    "it has 2 entries, though there were 4": ({ stored }) => stored.splice(2),
    "it has 4 entries, though there were 3": (store) => {
      store.next = 3;
      store.signed = [];
    },
    "its first 4 entries are not those that its newest checkpoint was signed over": ({ stored }) => {
      const leaf = Buffer.from('{"v":1,"kind":"exchange.intent"}');
      stored[1] = { index: 1, leaf, leafHash: hashLeaf(leaf) };
    },
    "its newest checkpoint cannot be believed: no known key has signed it": ({ signed }) => {
      const last = signed.at(-1);
      if (last !== undefined) signed.push({ ...last, note: last.note.replace("— gate", "— hate") });
    },
  };
  for (const [problem, tamper] of Object.entries(tampering)) {
    const { log, store } = await openLog();
    for (const id of ["exc_1", "exc_2", "exc_3"]) await log.append(intent(id));
    await log.close();
    tamper(store);
    const opening = openLog(store);
    await expect(opening).rejects.toMatchObject({ code: "audit_log_damaged" });
    await expect(opening).rejects.toThrow(problem);
  }
});

test("a log is not continued with another key, nor under another name", async () => {
  const { log, store } = await openLog();
  await log.close();
  const parts = {
    store,
    keys: keysOf(store),
    clock: manualClock(),
    timer: manualTimer(),
    onFailed: () => undefined,
  };
  await expect(openAuditLog({ ...parts, signer: newLogSigner() })).rejects.toMatchObject({
    code: "audit_log_damaged",
  });
  await expect(openAuditLog({ ...parts, signer: newLogSigner("other.example/log") })).rejects.toMatchObject({
    code: "audit_log_foreign",
  });
});

test("an entry that would put a name, an address or a bare digest into the log for ever is refused", async () => {
  const { log, store } = await openLog();
  const bad: NewEntry[] = [
    { kind: "session.opened", sessionId: "developer@example.com" },
    { kind: "exchange.intent", exchangeId: "projects/p/secrets/s" },
    { kind: "exchange.intent", operation: "storage.objects.get bucket" },
    { kind: "exchange.intent", class: "read\nwrite" },
    { kind: "exchange.intent", operation: "" },
    { kind: "exchange.intent", approvalId: "a".repeat(129) },
    { kind: "exchange.outcome", status: -1 },
    { kind: "exchange.outcome", status: 1.5 },
    { kind: "exchange.outcome", answerBody: { sha256: "abc", bytes: 1 } },
    { kind: "exchange.outcome", answerBody: { sha256: "0".repeat(64), bytes: Number.NaN } },
    {
      kind: "exchange.outcome",
      attachments: [
        { role: "answer", bytes: Buffer.from("1"), isTruncated: false },
        { role: "answer", bytes: Buffer.from("2"), isTruncated: false },
      ],
    },
    {
      kind: "exchange.outcome",
      attachments: [{ role: "answer", bytes: new Uint8Array(18 * 2 ** 20), isTruncated: false }],
    },
  ];
  for (const entry of bad) await expect(log.append(entry)).rejects.toMatchObject({ code: "entry_invalid" });
  expect(kindsIn(store)).toEqual(["log.open"]);
});

test("names, resources and bodies appear nowhere in a leaf, nor does a digest that would confirm a guess", async () => {
  const { log, store } = await openLog();
  const sha256 = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8";
  await log.append({
    ...intent("exc_1"),
    requestBody: { sha256, bytes: 8 },
    detail: { email: "developer@example.com", resource: "projects/p/secrets/s", address: "192.0.2.7" },
    attachments: [{ role: "request", bytes: Buffer.from("password"), isTruncated: false }],
  });
  const leaf = textOf(store.stored[1]?.leaf);
  for (const hidden of ["developer", "example.com", "projects/p", "192.0.2.7", "password", sha256]) {
    expect(leaf).not.toContain(hidden);
  }
  expect(leaf).not.toContain(Buffer.from(sha256, "hex").toString("base64url"));
});

test("two equal bodies do not show as equal in the log", async () => {
  const { log, store } = await openLog();
  for (const id of ["exc_1", "exc_2"]) {
    await log.append({
      ...intent(id),
      attachments: [{ role: "request", bytes: Buffer.from("same"), isTruncated: false }],
    });
  }
  const [one, other] = [1, 2].map((at) => /"mac":"([^"]+)"/.exec(textOf(store.stored[at]?.leaf))?.[1]);
  expect(one).toBeDefined();
  expect(one).not.toBe(other);
});

test("the first entry of a new log opens it, and is signed before anything else happens", async () => {
  const { log, store } = await openLog();
  expect(kindsIn(store)).toEqual(["log.open"]);
  expect(parseCheckpoint(store.signed[0]?.note ?? "")).toMatchObject({ origin: log.origin, size: 1 });
});

test("a receipt names the log, the place and the leaf hash", async () => {
  const { log, store } = await openLog();
  const receipt = await log.append(intent("exc_1"));
  expect(receipt).toMatchObject({ origin: "gateway.example/audit", index: 1 });
  expect(Buffer.from(receipt.leafHash).equals(hashLeaf(store.stored[1]?.leaf ?? Buffer.of()))).toBe(true);
});

test("a leaf is canonical JSON: known members in a fixed order, nothing that is not known", async () => {
  const { log, store } = await openLog();
  await log.append({
    decision: "allow",
    kind: "exchange.intent",
    exchangeId: "exc_1",
    sessionId: "ses_1",
    status: 200,
  });
  expect(textOf(store.stored[1]?.leaf)).toMatch(
    /^\{"v":1,"kind":"exchange\.intent","id":"rec_[0-9a-f]{32}","t":"2026-11-24T12:00:00\.000Z","session":"ses_1","exchange":"exc_1","decision":"allow","status":200\}$/,
  );
});

test("growth is under a signed checkpoint within a second", async () => {
  const { log, store, timer } = await openLog();
  await log.append(intent("exc_1"));
  await log.append(intent("exc_2"));
  timer.pass(1_000);
  await settled();
  expect(store.signed.map(({ size }) => size)).toEqual([1, 3]);
});

test("an entry that comes while a checkpoint is being signed is under the next one within a second as well", async () => {
  const { log, store, timer } = await openLog();
  const addCheckpoint = store.addCheckpoint.bind(store);
  store.addCheckpoint = async (checkpoint) => {
    store.addCheckpoint = addCheckpoint;
    await log.append(intent("exc_2"));
    return addCheckpoint(checkpoint);
  };
  await log.append(intent("exc_1"));
  for (let halves = 0; halves < 2; halves += 1) {
    timer.pass(500);
    await settled();
  }
  expect(store.signed.at(-1)?.size).toBe(3);
});

test("an idle log signs again every minute", async () => {
  const { store, timer } = await openLog();
  for (const _ of [1, 2, 3]) {
    timer.pass(60_000);
    await settled();
  }
  expect(store.signed.map(({ size }) => size)).toEqual([1, 1, 1, 1]);
});

test("a checkpoint that finds no room is signed later, and the entries are safe meanwhile", async () => {
  const { log, store, timer, failures } = await openLog();
  await log.append(intent("exc_1"));
  store.fault = "refuse";
  timer.pass(1_000);
  await settled();
  store.fault = "none";
  timer.pass(1_000);
  await settled();
  expect(store.signed.map(({ size }) => size)).toEqual([1, 2]);
  expect(failures).toEqual([]);
});

test("closing waits for entries under way, signs them, and leaves no timer behind", async () => {
  const { log, store, timer } = await openLog();
  const appended = log.append(intent("exc_1"));
  await log.close();
  expect((await appended).index).toBe(1);
  expect(store.signed.at(-1)?.size).toBe(2);
  expect(timer.waiting).toBe(0);
});

test("an exchange that a crash left without an end gets an unknown outcome, once", async () => {
  const { log, store } = await openLog();
  for (const id of ["exc_1", "exc_2", "exc_3"]) await log.append(intent(id));
  await log.append({ kind: "exchange.outcome", exchangeId: "exc_1", sessionId: "ses_1", status: 200 });
  await log.append({ kind: "exchange.aborted", exchangeId: "exc_2", sessionId: "ses_1" });
  await (await openLog(store)).log.close();
  await (await openLog(store)).log.close();
  const unknown = store.stored
    .map(({ leaf }) => textOf(leaf))
    .filter((text) => text.includes("outcome.unknown"));
  expect(unknown.length).toBe(1);
  expect(unknown[0]).toContain(
    '"session":"ses_1","exchange":"exc_3","operation":"storage.objects.get","class":"read"',
  );
});

test("the resource of an outcome is where it is searched for, also of an unknown one, and in no entry", async () => {
  const { log, store } = await openLog();
  const resource = "buckets/payroll";
  await log.append({ ...intent("exc_1"), detail: { resource } });
  await log.append({
    kind: "exchange.outcome",
    exchangeId: "exc_1",
    sessionId: "ses_1",
    status: 200,
    resource,
  });
  await log.append({ ...intent("exc_2"), detail: { resource } });
  await (await openLog(store)).log.close();
  expect(kindsIn(store)).toEqual([
    "log.open",
    "exchange.intent",
    "exchange.outcome",
    "exchange.intent",
    "outcome.unknown",
  ]);
  expect([2, 4].map((index) => store.abouts.get(index))).toEqual([{ resource }, { resource }]);
  for (const { leaf } of store.stored) expect(textOf(leaf)).not.toContain("payroll");
});

test("a crash between an entry and its checkpoint loses nothing", async () => {
  const { log, store } = await openLog();
  await log.append(intent("exc_1"));
  const { log: again } = await openLog(store);
  expect(kindsIn(store)).toEqual(["log.open", "exchange.intent", "outcome.unknown"]);
  await again.close();
  expect(store.signed.at(-1)?.size).toBe(3);
});
