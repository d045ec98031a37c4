import { expect, test } from "vitest";
import type { ExchangeRecord } from "#audit";
import { limits } from "#lib/limits";
import { encodeRecording } from "#recording";
import { exchangeReader } from "./exchange-reader.ts";

const recordOf = (n: number): ExchangeRecord => ({
  id: `exc_${String(n).padStart(6, "0")}`,
  sessionId: "ses_1",
  at: "2026-11-24T12:00:00.000Z",
  method: "GET",
  host: "storage.googleapis.com",
  operation: "storage.objects.get",
  class: "read",
  resource: "b/o",
  decision: "allow",
  reasons: [],
  status: 200,
  outcome: "answered",
  approvalId: undefined,
  maskedValues: 0,
  intentIndex: n,
  outcomeIndex: undefined,
});

const recording = encodeRecording({
  startLine: "GET / HTTP/1.1",
  headers: [],
  body: Buffer.alloc(limits.recordedBodyBytesMax, 0xff),
  isTruncated: true,
});

/** A log with so many exchanges of one session, each with the fullest recordings there are. */
function logOf(count: number) {
  const records = Array.from({ length: count }, (_, n) => recordOf(n));
  const opened: string[] = [];
  const reader = exchangeReader({
    exchanges: async ({ limit, before }) =>
      records
        .filter(({ id }) => before === undefined || id < before)
        .slice(-limit)
        .toReversed(),
    exchange: async (id) => {
      opened.push(id);
      const record = records.find((each) => each.id === id);
      return record === undefined ? undefined : { ...record, request: recording, answer: recording };
    },
  });
  return { reader, opened };
}

test("an agent that fills every recording cannot make its session too large to be shown: a listing opens none of them", async () => {
  const { reader, opened } = logOf(limits.listedExchangesMax);
  const { exchanges, next } = await reader.exchangesOf("ses_1");
  expect([exchanges.length, next]).toEqual([limits.listedExchangesMax, undefined]);
  expect(opened).toEqual([]);
  expect(Object.keys(exchanges[0] ?? {})).not.toContain("request");
  expect(JSON.stringify(exchanges).length).toBeLessThan(limits.controlAnswerBytesMax / 64);
});

test("a session of more exchanges than one answer has is read page by page, each exchange once and in order", async () => {
  const { reader } = logOf(2 * limits.listedExchangesMax + 1);
  const seen: string[] = [];
  let before: string | undefined;
  do {
    const page = await reader.exchangesOf("ses_1", before);
    seen.unshift(...page.exchanges.map(({ id }) => id));
    before = page.next;
  } while (before !== undefined);
  expect(seen).toEqual(Array.from({ length: 2 * limits.listedExchangesMax + 1 }, (_, n) => recordOf(n).id));
});

test("the recordings of one exchange are opened alone, and not for another session", async () => {
  const { reader, opened } = logOf(3);
  const { id } = recordOf(1);
  expect(await reader.exchange("ses_1", id)).toMatchObject({
    id,
    request: { encoding: "base64", isTruncated: true },
  });
  expect(await reader.exchange("ses_2", id)).toBeUndefined();
  expect(await reader.exchange("ses_1", "exc_none")).toBeUndefined();
  expect(new Set(opened)).toEqual(new Set([id, "exc_none"]));
});
