import { afterEach, beforeEach, expect, test } from "vitest";
import { batchOf } from "../../test/fakes/batch.ts";
import { type FakeBucket, startFakeBucket } from "../../test/fakes/bucket.ts";
import { objectSinkTo } from "../../test/fakes/object-sink.ts";
import type { Sink } from "./index.ts";

let bucket: FakeBucket;
let sink: Sink;
beforeEach(async () => {
  bucket = await startFakeBucket();
  sink = objectSinkTo(bucket, "audit/eu");
});
afterEach(async () => {
  await sink.close();
  await bucket.close();
});

const { signal } = new AbortController();
const key = "audit/eu/000000000005-000000000006.jsonl";

test("a batch is one object of JSON lines, named so that names sort as entries do", async () => {
  await sink.deliver(batchOf(5, 6), signal);
  await sink.deliver(batchOf(7, 1_000_000), signal);
  expect(bucket.objects.get(key)?.bytes.toString()).toBe('{"index":5}\n{"index":6}\n');
  expect([...bucket.objects.keys()].sort()[1]).toBe("audit/eu/000000000007-000001000000.jsonl");
});

test("the same batch after a crash finds its object there and is delivered", async () => {
  await sink.deliver(batchOf(5, 6), signal);
  await sink.deliver(batchOf(5, 6), signal);
  expect(bucket.objects.size).toBe(1);
});

test("an object of that name with other content is never overwritten, and the sink says so", async () => {
  await sink.deliver(batchOf(5, 6), signal);
  await expect(sink.deliver(batchOf(5, 6, { other: true }), signal)).rejects.toMatchObject({
    code: "sink_refused",
  });
  expect(bucket.objects.get(key)?.bytes.toString()).toBe('{"index":5}\n{"index":6}\n');
});

test("a store that is busy has not got it", async () => {
  bucket.refuseNext.push(503);
  await expect(sink.deliver(batchOf(5, 6), signal)).rejects.toMatchObject({ code: "object_store_refused" });
  expect(bucket.objects.size).toBe(0);
});
