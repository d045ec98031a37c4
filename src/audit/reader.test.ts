import { expect, test } from "vitest";
import { keysOf } from "../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { memoryAuditStore } from "../../test/fakes/memory-audit-store.ts";
import type { NewEntry } from "./entry.ts";
import { openAuditLog } from "./log.ts";
import { openAuditReader } from "./reader.ts";

async function recorded(entries: readonly NewEntry[]) {
  const store = memoryAuditStore();
  const keys = keysOf(store);
  const parts = { store, keys, signer: newLogSigner(), clock: manualClock(), timer: manualTimer() };
  const log = await openAuditLog({ ...parts, onFailed: () => undefined });
  for (const entry of entries) await log.append(entry);
  return { store, reader: openAuditReader(store, keys) };
}

const story: NewEntry[] = [
  {
    kind: "exchange.refused",
    sessionId: "ses_1",
    exchangeId: "exc_1",
    decision: "deny",
    status: 403,
    detail: {
      method: "POST",
      host: "iam.googleapis.com",
      resource: "projects/p",
      reasons: ["main/never-keys"],
    },
  },
  {
    kind: "exchange.intent",
    sessionId: "ses_1",
    exchangeId: "exc_2",
    operation: "storage.objects.get",
    class: "read",
    decision: "allow",
    detail: { method: "GET", host: "storage.googleapis.com", resource: "b/o", reasons: ["main/reads"] },
    attachments: [{ role: "request", bytes: Buffer.from("asked"), isTruncated: false }],
  },
  { kind: "exchange.intent", sessionId: "ses_2", exchangeId: "exc_3", approvalId: "apr_1" },
  {
    kind: "exchange.outcome",
    sessionId: "ses_1",
    exchangeId: "exc_2",
    status: 200,
    detail: { maskedValues: 2 },
    attachments: [{ role: "answer", bytes: Buffer.from("answered"), isTruncated: true }],
  },
  { kind: "exchange.aborted", sessionId: "ses_1", exchangeId: "exc_4" },
];

test("an entry that cannot be read is an error, not an exchange with fewer facts", async () => {
  const { store, reader } = await recorded(story);
  store.stored = store.stored.map((entry) => ({ ...entry, leaf: Buffer.from('{"v":2,"exchange":"exc_2"}') }));
  await expect(reader.exchange("exc_2")).rejects.toMatchObject({ code: "audit_entry_unreadable" });
});

test("an exchange that does not exist is not found", async () => {
  const { reader } = await recorded(story);
  expect(await reader.exchange("exc_9")).toBeUndefined();
});

test("a detail that was tampered with does not stop a listing", async () => {
  const { store, reader } = await recorded(story);
  store.beside = store.beside.map((each) => ({ ...each, bytes: Buffer.from('{"host":7,"method":') }));
  expect(await reader.exchange("exc_2")).toMatchObject({
    host: "",
    method: "",
    operation: "storage.objects.get",
  });
});

test("an exchange shows what all its entries say, with both recordings", async () => {
  const { reader } = await recorded(story);
  expect(await reader.exchange("exc_2")).toEqual({
    id: "exc_2",
    sessionId: "ses_1",
    at: "2026-11-24T12:00:00.000Z",
    method: "GET",
    host: "storage.googleapis.com",
    operation: "storage.objects.get",
    class: "read",
    resource: "b/o",
    decision: "allow",
    reasons: ["main/reads"],
    status: 200,
    outcome: "answered",
    approvalId: undefined,
    maskedValues: 2,
    intentIndex: 2,
    outcomeIndex: 4,
    request: new Uint8Array(Buffer.from("asked")),
    answer: new Uint8Array(Buffer.from("answered")),
  });
});

test("a session's exchanges come newest first, each with how it ended", async () => {
  const { reader } = await recorded(story);
  const outcomes = async (query: { sessionId?: string; limit: number }): Promise<string[]> =>
    (await reader.exchanges(query)).map(({ id, outcome }) => `${id} ${outcome}`);
  expect(await outcomes({ sessionId: "ses_1", limit: 10 })).toEqual([
    "exc_4 aborted",
    "exc_2 answered",
    "exc_1 refused",
  ]);
  expect(await outcomes({ limit: 2 })).toEqual(["exc_4 aborted", "exc_3 running"]);
});
