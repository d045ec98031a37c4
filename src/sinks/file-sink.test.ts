import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { batchOf } from "../../test/fakes/batch.ts";
import { fileSink } from "./index.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-sink-"));
  path = join(folder, "audit.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

const { signal } = new AbortController();
const indexesIn = (file: string): number[] =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .flatMap((line) => {
      try {
        return [(JSON.parse(line) as { index: number }).index];
      } catch {
        return [];
      }
    });

test("a file that cannot be written is an error, and the batch comes again", async () => {
  await expect(fileSink(join(folder, "missing", "x")).deliver(batchOf(0, 1), signal)).rejects.toThrow(
    /ENOENT/,
  );
});

test("batches follow each other, a line an entry, readable by the owner only", async () => {
  const sink = fileSink(path);
  await sink.deliver(batchOf(0, 1), signal);
  await sink.deliver(batchOf(2, 2), signal);
  expect(readFileSync(path, "utf8")).toBe('{"index":0}\n{"index":1}\n{"index":2}\n');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a file that was rotated away is left alone, and a new one begins", async () => {
  const sink = fileSink(path);
  await sink.deliver(batchOf(0, 1), signal);
  renameSync(path, `${path}.1`);
  await sink.deliver(batchOf(2, 3), signal);
  expect([indexesIn(`${path}.1`), indexesIn(path)]).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

test("a line that a crash cut short is closed, and its entries follow whole", async () => {
  const sink = fileSink(path);
  await sink.deliver(batchOf(0, 0), signal);
  appendFileSync(path, '{"index":1}\n{"ind');
  await sink.deliver(batchOf(1, 2), signal);
  expect(readFileSync(path, "utf8")).toContain('{"ind\n{"index":1}\n');
  expect(indexesIn(path)).toEqual([0, 1, 1, 2]);
});
