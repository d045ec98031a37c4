import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { readingWith } from "../../test/fakes/entry-reader-parts.ts";
import { keysOf } from "../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { type MemoryAuditStore, memoryAuditStore } from "../../test/fakes/memory-audit-store.ts";
import type { NewEntry } from "./entry.ts";
import type { EntryFilter } from "./entry-query.ts";
import { openEntryReader } from "./entry-reader.ts";
import { openAuditLog } from "./log.ts";

async function recorded(entries: readonly NewEntry[]) {
  const store = memoryAuditStore();
  const clock = manualClock();
  const keys = keysOf(store);
  const parts = {
    store,
    keys,
    signer: newLogSigner(),
    clock,
    timer: manualTimer(),
    onFailed: () => undefined,
  };
  const log = await openAuditLog(parts);
  for (const entry of entries) {
    clock.pass(1_000);
    await log.append(entry);
  }
  const found = async (text: string, filter: EntryFilter = {}): Promise<number[]> =>
    (await readerOf(store).find({ filter, text, limit: 100 })).entries.map(({ index }) => index);
  return { store, reader: readerOf(store), found };
}

/** As a process that starts now: it remembers no key. */
function readerOf(store: MemoryAuditStore) {
  return openEntryReader(store, readingWith(keysOf(store)));
}

const deletion: NewEntry = {
  kind: "exchange.refused",
  sessionId: "ses_1",
  exchangeId: "exc_1",
  operation: "compute.instances.delete",
  class: "destructive",
  decision: "policy_denied",
  detail: {
    principal: { email: "Zoë@example.com" },
    agent: "cursor",
    resource: "projects/acme/instances/web-3",
    reasons: ['agents/"destroy"'],
  },
  attachments: [{ role: "request", bytes: Buffer.from("DELETE\n\nWindmill"), isTruncated: false }],
};
const listing: NewEntry = {
  kind: "exchange.intent",
  sessionId: "ses_2",
  operation: "compute.instances.list",
  detail: { principal: "ops@example.com", count: 4_711 },
};

test("words are found in operation, class, decision, person, agent, resource and detail, in any case and order, all of them or nothing", async () => {
  const { found } = await recorded([deletion, listing]);
  for (const text of [
    "INSTANCES.DELETE",
    "policy_denied destructive",
    "web-3 cursor acme",
    "zoë@EXAMPLE.com",
    "zoe\u0308@example.com",
    'agents/"destroy"',
  ]) {
    expect(await found(text), text).toEqual([1]);
  }
  expect(await found("4711")).toEqual([2]);
  expect(await found("compute")).toEqual([2, 1]);
  expect(await found("compute windmills")).toEqual([]);
  expect(await found("compute ops", { session: "ses_1" })).toEqual([]);
});

test("recordings are looked through where a session is named, and nowhere else", async () => {
  const { found } = await recorded([deletion, listing]);
  expect(await found("windmill")).toEqual([]);
  expect(await found("windmill web-3", { session: "ses_1" })).toEqual([1]);
  expect(await found("windmill", { session: "ses_2" })).toEqual([]);
});

test("what others looked for is found only where reads are asked for, so that no search finds itself", async () => {
  const { found } = await recorded([
    { kind: "audit.read", detail: { asked: { text: "windmill" } } },
    deletion,
  ]);
  expect(await found("windmill")).toEqual([]);
  expect(await found("windmill", { kind: "audit.read" })).toEqual([1]);
});

test("a word is not found across two things that an entry says", async () => {
  const { found } = await recorded([{ kind: "policy.change", detail: { what: "wind", who: "mill" } }]);
  expect(await found("windmill")).toEqual([]);
});

test("what was changed beside an entry, or erased, or lost its key, is not what the entry says", async () => {
  const { store, found } = await recorded([deletion]);
  store.beside = store.beside.map((each) =>
    each.role === "request" ? { ...each, bytes: Buffer.from("DELETE\n\nSawmills") } : each,
  );
  expect(await found("sawmills", { session: "ses_1" })).toEqual([]);
  expect(await found("destroy")).toEqual([1]);
  store.dataKeys.set("ses_1", { kind: "erased" });
  expect(await found("destroy")).toEqual([]);
  // Operation and the index of names are still there.
  expect(await found("delete web-3")).toEqual([1]);
});

test("an entry that cannot be read is found by whom it was about, and stops nobody from finding others", async () => {
  const { store, found } = await recorded([deletion, listing]);
  store.stored = store.stored.map((entry) =>
    entry.index === 1 ? { ...entry, leaf: Buffer.from('{"kind":"x"}') } : entry,
  );
  expect(await found("cursor")).toEqual([1]);
  expect(await found("compute")).toEqual([2]);
});

test("one question reads so many entries and characters at most, and asking on finds the rest once", async () => {
  const needle: NewEntry = { ...listing, detail: { what: "needle" } };
  const hay = Array.from({ length: limits.textEntriesMax + 10 }, () => listing);
  const { reader } = await recorded([needle, ...hay]);
  const first = await reader.find({ filter: {}, text: "needle", limit: 5 });
  expect(first.entries).toEqual([]);
  expect(first.next?.index).toBe(12);
  const rest = await reader.find({ filter: {}, text: "needle", limit: 5, before: first.next });
  expect(rest.entries.map(({ index }) => index)).toEqual([1]);
  expect(rest.next).toBeUndefined();
});

test("long recordings end a question early, after the last one that was looked through", async () => {
  const bytes = Buffer.alloc(256 * 1024, "hay ");
  const long: NewEntry = { ...deletion, attachments: [{ role: "request", bytes, isTruncated: true }] };
  const { reader } = await recorded(Array.from({ length: 40 }, () => long));
  const seen: number[] = [];
  let questions = 0;
  let before: { t: string; index: number } | undefined;
  do {
    const page = await reader.find({ filter: { session: "ses_1" }, text: "hay", limit: 100, before });
    seen.push(...page.entries.map(({ index }) => index));
    before = page.next;
    questions += 1;
  } while (before !== undefined);
  expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => 40 - n));
  expect(questions).toBeGreaterThan(2);
});

test("a full page goes on after its last entry, without repeating or losing one", async () => {
  const { reader } = await recorded(Array.from({ length: 7 }, () => listing));
  const first = await reader.find({ filter: {}, text: "compute", limit: 3 });
  const second = await reader.find({ filter: {}, text: "compute", limit: 100, before: first.next });
  expect([...first.entries, ...second.entries].map(({ index }) => index)).toEqual([7, 6, 5, 4, 3, 2, 1]);
});
