import { expect, test } from "vitest";
import { readingWith } from "../../test/fakes/entry-reader-parts.ts";
import { keysOf } from "../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { memoryAuditStore } from "../../test/fakes/memory-audit-store.ts";
import { openEntryReader } from "./entry-reader.ts";
import { openAuditLog } from "./log.ts";

async function recorded() {
  const store = memoryAuditStore();
  const timer = manualTimer();
  const keys = keysOf(store);
  const parts = {
    store,
    keys,
    signer: newLogSigner(),
    clock: manualClock(),
    timer,
    onFailed: () => undefined,
  };
  const log = await openAuditLog(parts);
  await log.append({
    kind: "exchange.intent",
    sessionId: "ses_1",
    exchangeId: "exc_1",
    operation: "storage.objects.get",
    detail: {
      principal: { id: "p", issuer: "https://i.example", subject: "s", email: "Dev@Example.com" },
      agent: "cursor",
      resource: "b/o",
    },
    attachments: [{ role: "request", bytes: Buffer.from("asked"), isTruncated: false }],
  });
  await log.append({ kind: "audit.read", detail: { what: "sessions", subject: "auditor-7" } });
  await log.append({ kind: "session.opened", sessionId: "ses_2", detail: { principal: "Dev@example.com" } });
  const beyond = { integrated: 1, witnessed: 0, archived: 0 };
  return {
    store,
    log,
    beyond,
    reader: openEntryReader(store, { keys, beyond: () => Promise.resolve(beyond) }),
  };
}

test("an attachment that is changed, gone, erased or without its key is said to be, and its detail not shown", async () => {
  const states = async (tamper: (store: ReturnType<typeof memoryAuditStore>) => void) => {
    const { store } = await recorded();
    tamper(store);
    // Another process reads: this one remembers the keys it made.
    const entry = await openEntryReader(store, readingWith(keysOf(store))).show(1);
    return [entry?.detail, ...(entry?.attachments ?? []).map(({ role, state }) => `${role} ${state}`)];
  };
  const replaceDetail = (bytes: Uint8Array | undefined) => (store: ReturnType<typeof memoryAuditStore>) => {
    store.beside = store.beside.map((each) => (each.role === "detail" ? { ...each, bytes } : each));
  };
  expect(await states(replaceDetail(Buffer.from("{}")))).toEqual([
    undefined,
    "detail changed",
    "request as_committed",
  ]);
  expect(await states(replaceDetail(undefined))).toEqual([
    undefined,
    "detail erased",
    "request as_committed",
  ]);
  expect(await states(({ beside }) => beside.splice(0))).toEqual([
    undefined,
    "detail missing",
    "request missing",
  ]);
  expect(await states(({ dataKeys }) => dataKeys.clear())).toEqual([
    undefined,
    "detail changed",
    "request changed",
  ]);
});

test("an entry that does not exist is not found", async () => {
  const { reader } = await recorded();
  expect(await reader.show(9)).toBeUndefined();
});

test("an entry that cannot be read is listed and shown as that, with what is kept beside it, and hides no other", async () => {
  const { store, reader } = await recorded();
  const [, intent] = store.stored;
  if (intent === undefined) throw new Error("an intent was recorded");
  store.stored = store.stored.map((entry) =>
    entry.index === 1 ? { ...entry, leaf: Buffer.from('{"v":2}') } : entry,
  );
  const { entries } = await reader.find({ filter: {}, limit: 10 });
  expect(entries.map(({ index, leaf }) => [index, leaf?.kind]).sort()).toEqual([
    [0, "log.open"],
    [1, undefined],
    [2, "audit.read"],
    [3, "session.opened"],
  ]);
  expect(await reader.show(1)).toMatchObject({
    leaf: undefined,
    detail: undefined,
    attachments: [
      { role: "detail", state: "changed" },
      { role: "request", state: "changed" },
    ],
  });
});

test("entries are found by whoever their detail names, in whatever case it was written", async () => {
  const { reader } = await recorded();
  const found = async (principal: string) =>
    (await reader.find({ filter: { principal }, limit: 10 })).entries.map(({ leaf }) => leaf?.kind).sort();
  expect(await found("dev@example.com")).toEqual(["exchange.intent", "session.opened"]);
  expect(await found("auditor-7")).toEqual(["audit.read"]);
});

test("an entry is durable until a checkpoint covers it, then published, and shown in full", async () => {
  const { log, beyond, reader } = await recorded();
  expect((await reader.show(1))?.stages).toEqual(["durable"]);
  expect((await reader.show(0))?.stages).toEqual(["durable", "integrated", "published"]);
  beyond.integrated = 4;
  expect((await reader.show(1))?.stages).toEqual(["durable", "integrated"]);
  await log.close();
  expect(await reader.show(1)).toMatchObject({
    index: 1,
    stages: ["durable", "integrated", "published"],
    leaf: { kind: "exchange.intent", exchange: "exc_1" },
    about: { principal: "dev@example.com", agent: "cursor", resource: "b/o" },
    detail: expect.stringContaining('"resource":"b/o"') as string,
    attachments: [
      { role: "detail", state: "as_committed" },
      { role: "request", bytes: 5, state: "as_committed" },
    ],
  });
});

test("what is archived without a witness is not said to be witnessed", async () => {
  const { log, beyond, reader } = await recorded();
  await log.close();
  beyond.archived = 1;
  const { entries } = await reader.find({ filter: {}, limit: 10 });
  expect(entries.find(({ index }) => index === 0)?.stages).toContain("archived");
  expect(entries.flatMap(({ stages }) => stages)).not.toContain("witnessed");
  expect(entries.find(({ index }) => index === 1)?.stages).not.toContain("archived");
});
