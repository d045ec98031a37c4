import { expect, test } from "vitest";
import {
  hashLeaf,
  parseVerifierKey,
  rootOf,
  signCheckpoint,
  tilePath,
  tilesOf,
  verifyProofFile,
  verifyTiles,
} from "#tlog";
import { emptyFrontier, extend } from "../../src/tlog/index.ts";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { type MemoryAuditStore, memoryAuditStore } from "../../test/fakes/memory-audit-store.ts";
import { exportTiles } from "./export-tiles.ts";
import { openPublishedLog } from "./published-log.ts";

const origin = "gateway.example/audit";
const signer = newLogSigner(origin);
const key = parseVerifierKey(signer.verifierKey);
if (key === undefined) throw new Error("the fake signer has a key");
const options = { verifier: key, pinned: [] };

/** A store with `size` entries, of which the first `signed` are under a checkpoint. */
async function storeOf(size: number, signed = size): Promise<MemoryAuditStore> {
  const store = memoryAuditStore();
  await store.create(origin);
  for (let n = 0; n < size; n += 1) await appendTo(store, n);
  if (signed > 0) await signUpTo(store, signed);
  return store;
}

async function appendTo(store: MemoryAuditStore, n: number): Promise<void> {
  const leaf = Buffer.from(`{"n":${n}}`);
  await store.append({ leaf, leafHash: hashLeaf(leaf), attachments: [], about: {} });
}

async function signUpTo(store: MemoryAuditStore, size: number): Promise<void> {
  const root = rootOf(
    store.stored.slice(0, size).reduce((tree, { leafHash }) => extend(tree, leafHash), emptyFrontier),
  );
  const note = signCheckpoint({ origin, size, root }, signer);
  await store.addCheckpoint({ size, note, signedAt: new Date(0) });
}

test("nothing beyond the newest checkpoint is published or proven", async () => {
  const published = openPublishedLog(await storeOf(300, 260));
  expect(await published.read("tile/0/001.p/4")).toBeDefined();
  expect(await published.read("tile/0/001.p/5")).toBeUndefined();
  expect(await published.read("tile/entries/001.p/44")).toBeUndefined();
  expect(await published.prove(259)).toBeDefined();
  expect(await published.prove(260)).toBeUndefined();
  const unsigned = openPublishedLog(await storeOf(3, 0));
  expect(await unsigned.checkpoint()).toBeUndefined();
  expect(await unsigned.read("tile/0/000.p/3")).toBeUndefined();
  expect(await unsigned.prove(0)).toBeUndefined();
});

test.each(["checkpoint", "tile/0/000/../../x", "gatehouse.db", "tile/9/000", "tile/0/000.p/0"])(
  "%s is no tile of the log",
  async (path) => {
    expect(await openPublishedLog(await storeOf(300)).read(path)).toBeUndefined();
  },
);

test("a damaged log is published as it is, and whoever verifies finds the place", async () => {
  const changed = await storeOf(700);
  changed.stored[333]?.leaf.set([0x7e], 2);
  expect(await verifyTiles(openPublishedLog(changed), options)).toMatchObject({ kind: "broken", index: 333 });
  const dropped = await storeOf(700);
  dropped.stored.splice(333, 1);
  expect(await verifyTiles(openPublishedLog(dropped), options)).toMatchObject({
    kind: "broken",
    index: 333,
    problem: "Entry 333 is missing from its bundle.",
  });
  dropped.stored.splice(256);
  await expect(exportTiles(openPublishedLog(dropped), async () => undefined)).rejects.toMatchObject({
    code: "audit_export_incomplete",
  });
});

test("a log without a checkpoint is not exported", async () => {
  const published = openPublishedLog(await storeOf(3, 0));
  await expect(exportTiles(published, async () => undefined)).rejects.toMatchObject({
    code: "audit_export_incomplete",
  });
});

test("a published log verifies while it grows, whoever reads at the same time", async () => {
  const store = await storeOf(3_000, 700);
  const published = openPublishedLog(store);
  for (const size of [700, 2_000, 3_000]) {
    await signUpTo(store, size);
    const verdicts = await Promise.all([verifyTiles(published, options), verifyTiles(published, options)]);
    for (const verdict of verdicts) expect(verdict).toMatchObject({ kind: "verified", entries: size });
  }
});

test("an exported log is every tile, then the checkpoint", async () => {
  const written: string[] = [];
  const exported = await exportTiles(openPublishedLog(await storeOf(300)), async (path) => {
    written.push(path);
  });
  expect(written).toEqual([...[...tilesOf(300)].map(tilePath), "checkpoint"]);
  expect(exported).toEqual({ files: 6 });
});

test("the proof of any entry verifies with nothing but the key", async () => {
  const published = openPublishedLog(await storeOf(70_000));
  for (const index of [0, 255, 256, 40_000, 65_535, 65_536, 69_999]) {
    const proof = (await published.prove(index)) ?? "";
    expect(verifyProofFile(proof, options.verifier)).toMatchObject({
      kind: "verified",
      index,
      leaf: Buffer.from(`{"n":${index}}`),
    });
  }
});
