import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEgress, type Egress } from "#lib/egress";
import { Secret } from "#lib/secret";
import { parseVerifierKey, type TileSource, type Verifier, verifyTiles } from "#tlog";
import { bucketKeys } from "../../test/fakes/bucket.ts";
import { type FakeLockedBucket, startFakeLockedBucket } from "../../test/fakes/locked-bucket.ts";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../test/fakes/manual-timer.ts";
import { memoryArchiveStore } from "../../test/fakes/memory-archive-store.ts";
import {
  type FakeRetainedBucket,
  startFakeRetainedBucket,
  storageToken,
} from "../../test/fakes/retained-bucket.ts";
import { tileLog } from "../../test/fakes/tile-log.ts";
import { type ArchiveBucket, archive, gcsBucket, openArchiving, openCopiedLog, s3Bucket } from "./index.ts";

const origin = "gateway.example/audit";
const signer = newLogSigner(origin);
const verifier = requireVerifier(parseVerifierKey(signer.verifierKey));
const clock = manualClock();

function requireVerifier(parsed: Verifier | undefined): Verifier {
  if (parsed === undefined) throw new Error("the test's own key does not parse");
  return parsed;
}

/** The published log of so many entries; those from `fork` on are others. */
function logOf(size: number, fork = size): TileSource {
  const leaves = Array.from({ length: size }, (_, n) => Buffer.from(`{"entry":${n},"fork":${n >= fork}}`));
  return tileLog(leaves, signer, origin);
}

let egress: Egress;
let locked: FakeLockedBucket;
let retained: FakeRetainedBucket;
beforeEach(async () => {
  egress = createEgress({ allowLoopback: true });
  locked = await startFakeLockedBucket();
  retained = await startFakeRetainedBucket();
});
afterEach(async () => {
  await egress.close();
  await Promise.all([locked.close(), retained.close()]);
});

const s3 = (): ArchiveBucket =>
  s3Bucket(
    {
      endpoint: new URL(locked.url),
      bucket: "archive",
      region: "eu-west-1",
      dialect: "s3",
      keys: () => ({ ...bucketKeys, secretAccessKey: new Secret(bucketKeys.secretAccessKey) }),
      egress,
      clock,
    },
    "gatehouse/",
  );
const gcs = (retainDays?: number): ArchiveBucket =>
  gcsBucket({
    endpoint: new URL(retained.url),
    bucket: "archive",
    prefix: "gatehouse/",
    retainDays,
    authorization: () => Promise.resolve(new Secret(`Bearer ${storageToken}`)),
    egress,
    clock,
  });

async function verified(bucket: ArchiveBucket) {
  const copied = await openCopiedLog(bucket, verifier);
  const verification = await verifyTiles(copied, { verifier, pinned: await copied.older() });
  return { ...verification, overwritten: copied.overwritten };
}

type Hand = (name: string, change: (bytes: Buffer) => Uint8Array | undefined) => void;
const kinds: readonly (readonly [string, () => ArchiveBucket, () => Hand])[] = [
  ["S3 with Object Lock", s3, () => locked.replaceFirst],
  ["Cloud Storage with a locked policy", () => gcs(), () => retained.replaceFirst],
];

describe.each(kinds)("%s", (_, open, handOf) => {
  test("a log that grows is archived step by step, and verifies from the bucket with every checkpoint", async () => {
    const store = memoryArchiveStore();
    for (const size of [1, 5, 5, 300, 600]) {
      expect((await archive({ bucket: open(), verifier, log: logOf(size), store, clock })).size).toBe(size);
    }
    expect(await store.sizeAt(open().place)).toBe(600);
    expect(await verified(open())).toMatchObject({
      kind: "verified",
      entries: 600,
      checkpoints: 4,
      overwritten: [],
    });
  });

  test("an archiving that was cut off anywhere is begun again, and what is there already is no conflict", async () => {
    const bucket = open();
    let left = 5;
    const failing: ArchiveBucket = {
      ...bucket,
      put: async (path, bytes) => {
        left -= 1;
        if (left < 0) throw new Error("the line was cut");
        return bucket.put(path, bytes);
      },
    };
    const store = memoryArchiveStore();
    await expect(archive({ bucket: failing, verifier, log: logOf(600), store, clock })).rejects.toThrow(
      "the line was cut",
    );
    expect(await store.largestSize()).toBe(0);
    expect((await archive({ bucket, verifier, log: logOf(600), store, clock })).size).toBe(600);
    expect(await verified(bucket)).toMatchObject({ kind: "verified", entries: 600 });
  });

  test.each([
    ["cut and signed again", 250, 249],
    ["written anew", 400, 10],
    ["written anew at the same size", 300, 299],
  ])(
    "a log that was %s contradicts the archive, with or without the server's memory of it",
    async (_name, size, fork) => {
      const store = memoryArchiveStore();
      await archive({ bucket: open(), verifier, log: logOf(300), store, clock });
      for (const memory of [store, memoryArchiveStore()]) {
        const again = archive({ bucket: open(), verifier, log: logOf(size, fork), store: memory, clock });
        await expect(again).rejects.toMatchObject({ code: "archive_contradicted" });
      }
      expect(await verified(open())).toMatchObject({ kind: "verified", entries: 300 });
    },
  );

  test("one byte changed, an object dropped, two swapped: each is found in the copy, and the place is named", async () => {
    await archive({ bucket: open(), verifier, log: logOf(600), store: memoryArchiveStore(), clock });
    const hand = handOf();
    const bundle = "gatehouse/tile/entries/001";
    let whole: Buffer = Buffer.alloc(0);
    hand(bundle, (bytes) => {
      whole = Buffer.from(bytes);
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(12) ^ 1, 12);
      return changed;
    });
    expect(await verified(open())).toMatchObject({ kind: "broken", index: 256 });
    hand(bundle, () => whole.subarray(2 + whole.readUInt16BE(0)));
    expect(await verified(open())).toMatchObject({ kind: "broken", index: 256 });
    let first: Buffer = Buffer.alloc(0);
    hand("gatehouse/tile/entries/000", (bytes) => {
      first = Buffer.from(bytes);
      return whole;
    });
    hand(bundle, () => first);
    expect(await verified(open())).toMatchObject({ kind: "broken", index: 0 });
    hand(bundle, () => undefined);
    hand("gatehouse/tile/entries/000", () => first);
    expect(await verified(open())).toMatchObject({
      kind: "broken",
      index: 256,
      problem: expect.stringContaining("missing") as string,
    });
  });
});

test("in S3 a version laid over an object, or a marker that hides it, changes nothing and is told of", async () => {
  await archive({ bucket: s3(), verifier, log: logOf(300), store: memoryArchiveStore(), clock });
  locked.overwrite("gatehouse/tile/entries/000", Buffer.from("other"));
  locked.hide("gatehouse/checkpoints/0000000000000300");
  expect(await verified(s3())).toMatchObject({
    kind: "verified",
    entries: 300,
    overwritten: ["checkpoints/0000000000000300", "tile/entries/000"],
  });
});

test("a version laid over what is archived, or a marker that hides it, neither stops the archive nor accuses the log", async () => {
  const store = memoryArchiveStore();
  await archive({ bucket: s3(), verifier, log: logOf(300), store, clock });
  locked.overwrite("gatehouse/tile/entries/000", Buffer.from("other"));
  locked.overwrite("gatehouse/checkpoints/0000000000000300", Buffer.from("other"));
  locked.hide("gatehouse/checkpoints/0000000000000300");
  for (const memory of [store, memoryArchiveStore()]) {
    expect((await archive({ bucket: s3(), verifier, log: logOf(600), store: memory, clock })).size).toBe(600);
  }
  expect(await verified(s3())).toMatchObject({ kind: "verified", entries: 600 });
  // What was there first is still what the log is held to.
  const rewritten = archive({ bucket: s3(), verifier, log: logOf(700, 20), store, clock });
  await expect(rewritten).rejects.toMatchObject({ code: "archive_contradicted" });
});

test("a store that takes its time does not hold up the server's end", async () => {
  const first = Promise.withResolvers<undefined>();
  let count = 0;
  const slow: ArchiveBucket = {
    ...s3(),
    put: (path, bytes) => {
      count += 1;
      first.resolve(undefined);
      return s3().put(path, bytes);
    },
  };
  const states: string[] = [];
  const archiving = await openArchiving({
    bucket: slow,
    verifier,
    log: logOf(5_000),
    store: memoryArchiveStore(),
    clock,
    timer: manualTimer(),
    everyMs: 60_000,
    onChange: ({ state }) => void states.push(state),
  });
  const run = archiving.run();
  await first.promise;
  await archiving.close();
  await run;
  expect(count).toBeLessThan(20);
  expect(states).toEqual([]);
});

test("a retention that is over in an hour is no archive, however well it is locked", async () => {
  retained.about = { retentionPolicy: { retentionPeriod: "3600", isLocked: true } };
  const archived = archive({ bucket: gcs(), verifier, log: logOf(1), store: memoryArchiveStore(), clock });
  await expect(archived).rejects.toThrow(/lacks a retention that outlasts a day: .* 3600 s/);
  expect(retained.objects.size).toBe(0);
});

test("a bucket that is not locked is refused, and told what it lacks", async () => {
  const refused = async (bucket: ArchiveBucket): Promise<string> =>
    archive({ bucket, verifier, log: logOf(1), store: memoryArchiveStore(), clock }).then(
      () => "archived",
      (error: unknown) => String(error),
    );
  locked.rule = { mode: "GOVERNANCE", days: 365 };
  expect(await refused(s3())).toMatch(/lacks COMPLIANCE mode.*GOVERNANCE/);
  locked.rule = undefined;
  expect(await refused(s3())).toMatch(/lacks Object Lock with a default retention/);
  retained.about = {};
  expect(await refused(gcs())).toMatch(/lacks a retention policy that is locked/);
  retained.about = { retentionPolicy: { retentionPeriod: "86400" } };
  expect(await refused(gcs())).toMatch(/lacks the lock of its retention policy/);
  retained.about = { objectRetention: { mode: "Enabled" } };
  expect(await refused(gcs())).toMatch(/lacks retain_days/);
  expect([locked.versions.size, retained.objects.size]).toEqual([0, 0]);
});

test("in a bucket with object retention each object is locked for as long as was asked", async () => {
  retained.about = { objectRetention: { mode: "Enabled" } };
  await archive({ bucket: gcs(30), verifier, log: logOf(2), store: memoryArchiveStore(), clock });
  const until = new Set([...retained.objects.values()].map(({ retention }) => retention));
  expect([...until]).toEqual([new Date(clock.now().getTime() + 30 * 86_400_000).toISOString()]);
});

test("what a witness said is archived beside the checkpoint, once, and read with it", async () => {
  const log = logOf(3);
  const note = (await log.checkpoint()) ?? "";
  const store = memoryArchiveStore();
  const cosigned = (line: string): TileSource => ({
    ...log,
    checkpoint: async () => `${note}— w.example ${line}\n`,
  });
  for (const line of ["AAAAAAE=", "AAAAAAI="]) {
    await archive({ bucket: s3(), verifier, log: cosigned(line), store, clock });
  }
  expect(await (await openCopiedLog(s3(), verifier)).checkpoint()).toBe(`${note}— w.example AAAAAAE=\n`);
});

test("the server does not start with a bucket that is not locked, and starts beside one that is away", async () => {
  const states: string[] = [];
  const parts = {
    verifier,
    log: logOf(3),
    store: memoryArchiveStore(),
    clock,
    timer: manualTimer(),
    everyMs: 60_000,
    onChange: ({ state }: { state: string }) => void states.push(state),
  };
  locked.rule = undefined;
  await expect(openArchiving({ ...parts, bucket: s3() })).rejects.toMatchObject({
    code: "archive_bucket_unlocked",
  });
  locked.rule = { mode: "COMPLIANCE", days: 1 };
  locked.refuseNext.push(503);
  const archiving = await openArchiving({ ...parts, bucket: s3() });
  expect(archiving.status).toMatchObject({ state: "failing", size: 0 });
  await archiving.run();
  expect([archiving.status.state, archiving.status.size, states]).toEqual([
    "archived",
    3,
    ["failing", "archived"],
  ]);
  await archiving.close();
});

test("a contradiction is told once, and stands while the store is away", async () => {
  const store = memoryArchiveStore();
  await archive({ bucket: s3(), verifier, log: logOf(9), store, clock });
  const states: string[] = [];
  const archiving = await openArchiving({
    bucket: s3(),
    verifier,
    log: logOf(12, 2),
    store,
    clock,
    timer: manualTimer(),
    everyMs: 60_000,
    onChange: ({ state }) => void states.push(state),
  });
  await archiving.run();
  locked.refuseNext.push(503);
  await archiving.run();
  expect([archiving.status.state, states]).toEqual(["contradicted", ["contradicted"]]);
  await archiving.close();
});
