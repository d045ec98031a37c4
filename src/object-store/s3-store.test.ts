import { afterEach, beforeEach, expect, test } from "vitest";
import { createEgress, type Egress } from "#lib/egress";
import { GatehouseError } from "#lib/errors";
import { Secret } from "#lib/secret";
import { bucketKeys, type FakeBucket, startFakeBucket } from "../../test/fakes/bucket.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { type ObjectStore, type ObjectStoreSettings, openObjectStore } from "./index.ts";

let bucket: FakeBucket;
let egress: Egress;
beforeEach(async () => {
  bucket = await startFakeBucket();
  egress = createEgress({ allowLoopback: true });
});
afterEach(async () => {
  await egress.close();
  await bucket.close();
});

function store(changes: Partial<ObjectStoreSettings> = {}): ObjectStore {
  return openObjectStore({
    endpoint: new URL(bucket.url),
    bucket: "archive",
    region: "eu-west-1",
    dialect: "s3",
    keys: () => ({ ...bucketKeys, secretAccessKey: new Secret(bucketKeys.secretAccessKey) }),
    egress,
    clock: manualClock(),
    ...changes,
  });
}

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");

async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return "nothing";
  } catch (error) {
    return error instanceof GatehouseError ? error.code : String(error);
  }
}

test.each(["", "/x", "a//b", "a/../b", "a/.", "b?versioning", "c%2e", "d e", "x".repeat(1_025)])(
  "%j is no key, and no request is made with it",
  async (key) => {
    expect(await codeOf(store().put(key, bytes("x")))).toBe("object_key_invalid");
    expect(await codeOf(store().get(key))).toBe("object_key_invalid");
    expect(bucket.requests).toEqual([]);
  },
);

test("a request signed with another key is refused, and says so without the key", async () => {
  const keys = () => ({ accessKeyId: "AKIDEXAMPLE", secretAccessKey: new Secret("another-secret") });
  const put = store({ keys }).put("a", bytes("x"));
  await expect(put).rejects.toThrow(/403 SignatureDoesNotMatch/);
  await expect(put).rejects.not.toThrow(/another-secret/);
  expect(bucket.objects.size).toBe(0);
});

test("what was put is got", async () => {
  const archive = store();
  for (const key of ["tile/0/000", "tile/0/001.p/5", "tile/1/000", "checkpoint"]) {
    expect(await archive.put(key, bytes(key))).toBe("stored");
  }
  expect(Buffer.from((await archive.get("tile/0/001.p/5")) ?? []).toString()).toBe("tile/0/001.p/5");
  expect(await archive.get("tile/0/002")).toBeUndefined();
});

test.each(["s3", "gcs"] as const)("an object is never overwritten (%s)", async (dialect) => {
  const archive = store({ dialect });
  expect(await archive.put("a", bytes("first"))).toBe("stored");
  expect(await archive.put("a", bytes("second"))).toBe("exists");
  expect(Buffer.from((await archive.get("a")) ?? []).toString()).toBe("first");
});

test("headers of retention are signed and kept", async () => {
  const until = "2027-11-28T00:00:00Z";
  const headers = {
    "x-amz-object-lock-mode": "COMPLIANCE",
    "x-amz-object-lock-retain-until-date": until,
  };
  await store().put("kept", bytes("x"), { headers });
  expect(bucket.objects.get("kept")?.headers).toMatchObject(headers);
});

test("a store that is busy is an error, never an absence", async () => {
  bucket.refuseNext.push(503, 503);
  const archive = store();
  expect(await codeOf(archive.put("a", bytes("x")))).toBe("object_store_refused");
  expect(await codeOf(archive.get("a"))).toBe("object_store_refused");
});

test("a bucket on this machine is reached only where that was allowed", async () => {
  const fenced = createEgress({ allowLoopback: false });
  expect(await codeOf(store({ egress: fenced }).get("a"))).toBe("egress_refused");
  await fenced.close();
});

test("who stops waiting is not held by a store that does not answer", async () => {
  const stopped = AbortSignal.abort();
  expect(await codeOf(store().get("a", stopped))).toBe("call_failed");
  expect(await codeOf(store().put("a", bytes("x"), { signal: stopped }))).toBe("call_failed");
});
