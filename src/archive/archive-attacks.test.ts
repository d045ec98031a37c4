import { beforeEach, expect, test } from "vitest";
import {
  encodeBundle,
  encodeHashes,
  hashLeaf,
  parseVerifierKey,
  type TileSource,
  type Verifier,
  verifyTiles,
} from "#tlog";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { memoryArchiveStore } from "../../test/fakes/memory-archive-store.ts";
import { type TileLog, tileLog } from "../../test/fakes/tile-log.ts";
import { type ArchiveBucket, type ArchiveStore, archive, openCopiedLog } from "./index.ts";

// What a database that was changed for a while, and a stranger who may write to the bucket, can do to a copy that nobody can mend.

const origin = "gateway.example/audit";
const signer = newLogSigner(origin);
const thief = newLogSigner(origin);
const verifier = requireVerifier(parseVerifierKey(signer.verifierKey));
const clock = manualClock();

function requireVerifier(parsed: Verifier | undefined): Verifier {
  if (parsed === undefined) throw new Error("the test's own key does not parse");
  return parsed;
}

/** Locked for good: no object is ever changed or taken away. */
interface LockedMemory extends ArchiveBucket {
  readonly objects: Map<string, Buffer[]>;
}

function lockedMemory(): LockedMemory {
  const objects = new Map<string, Buffer[]>();
  return {
    objects,
    place: "memory://archive/",
    lock: async () => ({ kind: "locked", how: "for good" }),
    put: async (path, bytes) => {
      // An empty version on top is a marker: it hides what lies below, and the store takes another.
      const versions = objects.get(path) ?? [];
      if ((versions.at(-1)?.byteLength ?? 0) > 0) return "exists";
      objects.set(path, [...versions, Buffer.from(bytes)]);
      return "stored";
    },
    get: async (path) => objects.get(path)?.[0],
    async *list(prefix) {
      for (const [path, versions] of [...objects].sort(([one], [other]) => (one < other ? -1 : 1))) {
        if (path.startsWith(prefix)) yield { path, version: undefined, wasOverwritten: versions.length > 1 };
      }
    },
  };
}

const leavesTo = (size: number): Uint8Array[] =>
  Array.from({ length: size }, (_, n) => Buffer.from(`{"entry":${n}}`));
const logOf = (size: number): TileLog => tileLog(leavesTo(size), signer, origin);

let bucket: LockedMemory;
let store: ArchiveStore;
beforeEach(() => {
  bucket = lockedMemory();
  store = memoryArchiveStore();
});

const archived = (log: TileSource, memory = store): Promise<number> =>
  archive({ bucket, log, verifier, store: memory, clock }).then(({ size }) => size);

async function verified() {
  const copied = await openCopiedLog(bucket, verifier);
  const verification = await verifyTiles(copied, { verifier, pinned: await copied.older() });
  return { ...verification, junk: copied.junk };
}

const checkpoint = (size: number): string => `checkpoints/${String(size).padStart(16, "0")}`;
const changed = Buffer.from('{"entry":"other"}');

/** The log with some of its files changed, and the note that it had. */
function changedLog(size: number, change: (files: Map<string, Uint8Array>) => void): TileLog {
  const log = logOf(size);
  change(log.files);
  return log;
}

const otherLeaves = (size: number, at: number): Uint8Array[] => leavesTo(size).with(at, changed);
const tamperings: readonly (readonly [string, TileLog])[] = [
  [
    "one leaf changed",
    changedLog(600, (files) =>
      files.set("tile/entries/001", encodeBundle(otherLeaves(600, 500).slice(256, 512))),
    ),
  ],
  [
    "a leaf and its hash changed",
    changedLog(600, (files) => {
      files.set("tile/entries/001", encodeBundle(otherLeaves(600, 500).slice(256, 512)));
      files.set("tile/0/001", encodeHashes(otherLeaves(600, 500).slice(256, 512).map(hashLeaf)));
    }),
  ],
  [
    "all of it written anew, under the old checkpoint",
    { ...tileLog(otherLeaves(600, 500), signer, origin), checkpoint: logOf(600).checkpoint },
  ],
  ["all of it written anew, and signed by a stranger", tileLog(otherLeaves(600, 500), thief, origin)],
  [
    "an entry of the last bundle changed",
    changedLog(600, (files) =>
      files.set("tile/entries/002.p/88", encodeBundle(otherLeaves(600, 599).slice(512))),
    ),
  ],
  [
    "an entry missing, and its bundle short",
    changedLog(600, (files) => {
      files.set("tile/entries/001", encodeBundle(leavesTo(600).slice(256, 400)));
      files.set("tile/0/001", encodeHashes(leavesTo(600).slice(256, 400).map(hashLeaf)));
    }),
  ],
  [
    "an entry too many in a bundle",
    changedLog(600, (files) =>
      files.set("tile/entries/002.p/88", encodeBundle([...leavesTo(600).slice(512), changed])),
    ),
  ],
  [
    "a hash of an upper tile changed",
    changedLog(600, (files) =>
      files.set("tile/1/000.p/2", encodeHashes([hashLeaf(changed), hashLeaf(changed)])),
    ),
  ],
  ["a bundle missing", changedLog(600, (files) => files.delete("tile/entries/001"))],
];

test.each(tamperings)(
  "of a database with %s no wrong byte is locked in, and once it is put right the archive goes on",
  async (_, tampered) => {
    for (const first of [0, 301]) {
      bucket = lockedMemory();
      store = memoryArchiveStore();
      if (first > 0) await archived(logOf(first));
      await expect(archived(tampered)).rejects.toMatchObject({ code: "archive_incomplete" });
      const right = logOf(600).files;
      for (const [path, [bytes]] of bucket.objects) {
        if (right.has(path)) expect(bytes).toEqual(Buffer.from(right.get(path) ?? []));
        else expect(path).toMatch(/^checkpoints|\.p\/\d+$/);
      }
      expect(await archived(logOf(600))).toBe(600);
      expect(await archived(logOf(611))).toBe(611);
      expect(await verified()).toMatchObject({ kind: "verified", entries: 611, junk: [] });
    }
  },
);

test("a log of three levels is archived whole, and a changed leaf deep in it is not", async () => {
  const size = 65_536 + 300;
  const tampered = logOf(size);
  tampered.files.set("tile/entries/100", encodeBundle(otherLeaves(size, 25_601).slice(25_600, 25_856)));
  await expect(archived(tampered)).rejects.toThrow(
    /entry 25601 is not what the log's checkpoint was signed over/,
  );
  expect(bucket.objects.has("tile/entries/100")).toBe(false);
  expect(await archived(logOf(size))).toBe(size);
  expect(await verified()).toMatchObject({ kind: "verified", entries: size });
});

test("an old checkpoint under a larger size, or junk there, neither stops the archive nor accuses the log", async () => {
  await archived(logOf(3));
  const old = bucket.objects.get(checkpoint(3))?.[0] ?? Buffer.alloc(0);
  const junk = [
    "checkpoints/9999999999999999",
    checkpoint(9_007_199_254_740_991),
    checkpoint(7),
    "checkpoints/x",
    "tile/0/1",
  ];
  await bucket.put(junk[0] ?? "", old);
  await bucket.put(junk[1] ?? "", old);
  await bucket.put(
    junk[2] ?? "",
    Buffer.from((await tileLog(leavesTo(7), thief, origin).checkpoint()) ?? ""),
  );
  await bucket.put(junk[3] ?? "", Buffer.from("x"));
  await bucket.put(junk[4] ?? "", Buffer.from("x"));
  for (const memory of [store, memoryArchiveStore()]) {
    expect(await archived(logOf(5), memory)).toBe(5);
    const found = await verified();
    expect(found).toMatchObject({ kind: "verified", entries: 5 });
    expect([...found.junk].sort()).toEqual([...junk].sort());
  }
});

test("whoever takes the name of the next checkpoint does not stop it, hidden or not", async () => {
  await archived(logOf(3));
  await bucket.put(checkpoint(5), Buffer.from("junk"));
  bucket.objects.set(checkpoint(6), [Buffer.from("junk"), Buffer.alloc(0)]);
  for (const size of [5, 6, 7]) {
    for (const memory of [store, memoryArchiveStore(), store]) {
      expect(await archived(logOf(size), memory)).toBe(size);
      expect(await verified()).toMatchObject({ kind: "verified", entries: size });
    }
  }
  expect((await verified()).junk).toEqual([checkpoint(5), checkpoint(6)]);
});

test("a checkpoint that somebody brought before its entries leaves no hole in the archive of a server without memory", async () => {
  await bucket.put(checkpoint(600), Buffer.from(logOf(600).note ?? ""));
  expect(await archived(logOf(600))).toBe(600);
  expect(await verified()).toMatchObject({ kind: "verified", entries: 600 });
});

test("a log forked with the stolen key contradicts the archive, whatever else lies there", async () => {
  await archived(logOf(300));
  await bucket.put(checkpoint(400), Buffer.from("junk"));
  const forked = tileLog(otherLeaves(400, 20), signer, origin);
  for (const memory of [store, memoryArchiveStore()]) {
    await expect(archived(forked, memory)).rejects.toMatchObject({ code: "archive_contradicted" });
  }
});

test("a copy in which no checkpoint is the log's is not believed, whoever signed what lies there", async () => {
  await bucket.put(
    checkpoint(3),
    Buffer.from((await tileLog(leavesTo(3), thief, origin).checkpoint()) ?? ""),
  );
  expect(await verified()).toMatchObject({
    kind: "broken",
    problem: expect.stringMatching(/cannot be believed/) as string,
  });
});
