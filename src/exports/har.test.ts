import { expect, test } from "vitest";
import { harFile } from "../../test/fakes/har-schema.ts";
import { type HarExchange, harEntry, harFrame } from "./index.ts";

const exchange = (changes: Partial<HarExchange> = {}): HarExchange => ({
  id: "exc_1",
  at: "2026-11-28T12:00:00.000Z",
  endedAt: "2026-11-28T12:00:00.250Z",
  method: "POST",
  host: "storage.googleapis.com",
  operation: "storage.objects.insert",
  class: "write",
  resource: "b/reports",
  decision: "allow",
  reasons: ["agents/writes"],
  status: 200,
  outcome: "answered",
  maskedValues: 1,
  intentIndex: 41,
  outcomeIndex: 42,
  request: {
    startLine: "POST /upload/storage/v1/b/reports/o?name=a%20b&flag&bad=%zz HTTP/1.1",
    headers: [["Content-Type", "application/json"]],
    body: '{"token":"[masked]"}',
    encoding: "utf8",
    isTruncated: false,
  },
  answer: {
    startLine: "HTTP/1.1 200",
    headers: [["content-type", "application/octet-stream"]],
    body: "AAH/",
    encoding: "base64",
    isTruncated: true,
  },
  ...changes,
});

function fileOf(...exchanges: HarExchange[]): unknown {
  const { head, separator, tail } = harFrame({ version: "0.1.0", comment: "ses_1" });
  return JSON.parse(head + exchanges.map((each) => JSON.stringify(harEntry(each))).join(separator) + tail);
}

const { request: _, answer: __, status: ___, operation: ____, resource: _____, ...refused } = exchange();

test.each([
  ["an answered exchange", [exchange()]],
  ["a refused one without recording", [{ ...refused, outcome: "refused" as const, method: "", host: "x" }]],
  ["a clock that went back", [exchange({ endedAt: "2026-11-28T11:00:00.000Z" })]],
  ["no exchange at all", []],
  ["several", [exchange(), exchange({ id: "exc_2", endedAt: undefined })]],
])("%s makes a valid file", (_name, exchanges) => {
  const parsed = harFile.safeParse(fileOf(...exchanges));
  expect(parsed.error?.issues ?? []).toEqual([]);
});

test("the schema that files are held to finds a member that HAR does not have, and one that is missing", () => {
  const file = harFile.parse(fileOf(exchange()));
  const [entry] = file.log.entries;
  const withEntry = (changed: object) =>
    harFile.safeParse({ log: { ...file.log, entries: [changed] } }).success;
  expect(withEntry({ ...entry })).toBe(true);
  expect(withEntry({ ...entry, invented: 1 })).toBe(false);
  expect(withEntry({ ...entry, timings: undefined })).toBe(false);
});

test("an entry names the audit entry that proves it, and how much was masked", () => {
  expect(harEntry(exchange())).toMatchObject({ _auditIndex: 42, _intentIndex: 41, _masked: 1, time: 250 });
  expect(harEntry({ ...exchange(), outcomeIndex: undefined })).toMatchObject({ _auditIndex: 41 });
});

test("target, query and bodies are those of the recording", () => {
  expect(harEntry(exchange())).toMatchObject({
    request: {
      url: "https://storage.googleapis.com/upload/storage/v1/b/reports/o?name=a%20b&flag&bad=%zz",
      queryString: [
        { name: "name", value: "a b" },
        { name: "flag", value: "" },
        { name: "bad", value: "%zz" },
      ],
      postData: { mimeType: "application/json", text: '{"token":"[masked]"}' },
      bodySize: 20,
    },
    response: { content: { size: 3, text: "AAH/", encoding: "base64" } },
  });
});
