import type { Clock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import {
  type Checkpoint,
  entriesUnder,
  isSameHash,
  ownNote,
  type Tile,
  type TileSource,
  tilePath,
  tilesOf,
  tileWidth,
  type Verifier,
  verifyCheckpoint,
} from "#tlog";
import type { ArchiveStore } from "./archive-store.ts";
import type { ArchiveBucket } from "./copy.ts";
import {
  checkpointPath,
  checkpointsPrefix,
  cosignedPrefix,
  sizeOfPath,
  spareCheckpointPath,
} from "./layout.ts";
import { incomplete, SignedTiles } from "./signed-tiles.ts";

export interface ArchiverParts {
  readonly bucket: ArchiveBucket;
  /** The published log; `checkpoint` may carry cosignatures. */
  readonly log: TileSource;
  /** The log's own key: whoever changes the log as it is stored cannot sign, nor can whoever writes to the bucket. */
  readonly verifier: Verifier;
  readonly store: ArchiveStore;
  readonly clock: Clock;
  /** Breaks off between two objects; what is there stays, and the next time goes on from it. */
  readonly signal?: AbortSignal | undefined;
}

export interface Archived {
  /** So many entries are in the bucket, under a checkpoint that is there too. */
  readonly size: number;
  /** Objects that were written now. */
  readonly written: number;
}

const putAtOnce = 8;

/** Throws `archive_bucket_unlocked`, naming what is missing, unless the bucket keeps what it is given. */
export async function requireLocked(bucket: ArchiveBucket): Promise<string> {
  const lock = await bucket.lock();
  if (lock.kind === "locked") return lock.how;
  throw new GatehouseError(
    "archive_bucket_unlocked",
    `${bucket.place} is no archive: it lacks ${lock.missing}. Lock the bucket first; nothing was written to it.`,
  );
}

/**
 * Brings the bucket up to the newest checkpoint: bundles and tiles first, the checkpoint last, so that whoever finds it
 * finds what it covers. May be cut off anywhere and begun again. Throws `archive_incomplete` before anything is written that the
 * checkpoint was not signed over, and `archive_contradicted` when the bucket holds other bytes than the log under one name, or a
 * signed checkpoint that the log does not continue: then one of the two is not what it was.
 */
export async function archive(parts: ArchiverParts): Promise<Archived> {
  const { bucket, log, verifier, store, clock } = parts;
  await requireLocked(bucket);
  const note = await log.checkpoint();
  if (note === undefined) return { size: 0, written: 0 };
  const signed = signedNote(note, verifier);
  if (signed === undefined) throw incomplete("its newest checkpoint is not signed with its own key");
  const { size } = signed.checkpoint;
  const known = await store.sizeAt(bucket.place);
  const kept = known > 0 ? await keptAt(parts, known) : await newestKept(parts);
  requireNotCut(bucket, signed.checkpoint, kept);
  const tiles = await SignedTiles.open(log, signed.checkpoint);
  if (kept !== undefined && !isSameHash(await tiles.rootAt(kept.size), kept.root))
    throw contradicted(bucket, kept.path, `the log does not continue its ${kept.size} entries`);
  // Only what we remember to have written is there for certain: a checkpoint may have been brought by somebody else.
  let written = await copyTiles(parts, tiles, { size, from: known });
  if ((await putCheckpoint(parts, signed)) === "stored") written += 1;
  // Each cosigning has a time of its own: the first that is archived stays.
  if (note !== signed.text) {
    const result = await bucket.put(checkpointPath(cosignedPrefix, size), Buffer.from(note, "utf8"));
    if (result === "stored") written += 1;
  }
  await store.reached(bucket.place, size, clock.now());
  return { size, written };
}

interface SignedNote {
  readonly checkpoint: Checkpoint;
  /** With the log's own signature alone. */
  readonly text: string;
}

function signedNote(note: string, verifier: Verifier): SignedNote | undefined {
  const verification = verifyCheckpoint(note, verifier);
  const text = ownNote(note);
  if (verification.kind === "refused" || text === undefined) return undefined;
  return { checkpoint: verification.checkpoint, text };
}

/** A checkpoint in the bucket that the log's key has signed. Anything else there is somebody's junk, and says nothing. */
interface Kept extends Checkpoint {
  readonly path: string;
}

type Reading = Pick<ArchiverParts, "bucket" | "verifier">;

async function keptUnder({ bucket, verifier }: Reading, path: string): Promise<Kept | undefined> {
  const bytes = await firstWritten(bucket, path);
  const signed = bytes && signedNote(Buffer.from(bytes).toString("utf8"), verifier);
  const isNamed = signed?.checkpoint.size === sizeOfPath(checkpointsPrefix, path);
  return signed !== undefined && isNamed ? { ...signed.checkpoint, path } : undefined;
}

/** The checkpoint that we remember to have written. Throws `archive_contradicted` where it is not there. */
async function keptAt(reading: Reading, size: number): Promise<Kept> {
  const path = checkpointPath(checkpointsPrefix, size);
  for (const named of await namesBelow(reading.bucket, path)) {
    const kept = await keptUnder(reading, named);
    if (kept !== undefined) return kept;
  }
  throw contradicted(
    reading.bucket,
    path,
    `the checkpoint of ${size} entries, which was archived, is not there`,
  );
}

/** Where the database remembers nothing the bucket is asked, since it forgets nothing. */
async function newestKept(reading: Reading): Promise<Kept | undefined> {
  for (const path of (await namesBelow(reading.bucket, checkpointsPrefix)).reverse()) {
    const kept = await keptUnder(reading, path);
    if (kept !== undefined) return kept;
  }
  return undefined;
}

/** Names that checkpoints have, in order of size. */
async function namesBelow(bucket: ArchiveBucket, prefix: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of bucket.list(prefix)) {
    if (sizeOfPath(checkpointsPrefix, path) !== undefined) paths.push(path);
  }
  return paths;
}

function requireNotCut(bucket: ArchiveBucket, { size }: Checkpoint, kept: Kept | undefined): void {
  if (kept === undefined || kept.size <= size) return;
  throw contradicted(
    bucket,
    kept.path,
    `the log has ${size} entries, and so does not continue its ${kept.size}`,
  );
}

function contradicted(bucket: ArchiveBucket, path: string, why: string): GatehouseError {
  return new GatehouseError(
    "archive_contradicted",
    `${path} in ${bucket.place}: ${why}. One of the two was changed: keep both, and verify each against kept checkpoints.`,
  );
}

/** How many were new there. */
async function copyTiles(
  { bucket, signal }: ArchiverParts,
  signed: SignedTiles,
  { size, from }: { size: number; from: number },
): Promise<number> {
  const tiles = from === size ? [] : [...tilesOf(size)].filter((tile) => isNew(tile, from));
  let written = 0;
  for (let at = 0; at < tiles.length; at += putAtOnce) {
    signal?.throwIfAborted();
    const results = await Promise.all(
      tiles
        .slice(at, at + putAtOnce)
        .map(async (tile) => putOnce(bucket, tilePath(tile), await signed.read(tile))),
    );
    written += results.filter((result) => result === "stored").length;
  }
  return written;
}

/** Full tiles below what is archived are there already, full. */
function isNew(tile: Tile, from: number): boolean {
  return tile.width < tileWidth || entriesUnder(tile).to > from;
}

async function putOnce(bucket: ArchiveBucket, path: string, bytes: Uint8Array): Promise<"stored" | "exists"> {
  const result = await bucket.put(path, bytes);
  // Asked for what was stored just now too: something that a marker had hidden would still be the first.
  const there = await firstWritten(bucket, path);
  if (there !== undefined && Buffer.compare(there, bytes) === 0) return result;
  throw contradicted(bucket, path, "the log has other bytes there, which its checkpoint was signed over");
}

/**
 * Sizes are easily guessed, so somebody may have put something under a checkpoint's name before us. It stays there for good;
 * the checkpoint goes under a name that only the signed note gives.
 */
async function putCheckpoint(reading: Reading, signed: SignedNote): Promise<"stored" | "exists"> {
  const { bucket } = reading;
  const { size, root } = signed.checkpoint;
  const bytes = Buffer.from(signed.text, "utf8");
  for (const path of [checkpointPath(checkpointsPrefix, size), spareCheckpointPath(size, signed.text)]) {
    const result = await bucket.put(path, bytes);
    const kept = await keptUnder(reading, path);
    if (kept === undefined) continue;
    if (isSameHash(kept.root, root)) return result;
    throw contradicted(bucket, path, `the log has other entries up to ${size}`);
  }
  throw incomplete(`somebody has taken both names of the checkpoint of ${size} entries; the next has others`);
}

/**
 * What counts under a name. Whoever may write can lay something over an object, or hide it; the lock keeps what was there
 * first, and asking for the newest would let them stop the archive and have us call the log changed.
 */
async function firstWritten(bucket: ArchiveBucket, path: string): Promise<Uint8Array | undefined> {
  // Of all paths that begin with it, it is the first in order.
  for await (const object of bucket.list(path)) {
    return object.path === path ? bucket.get(path, object.version) : undefined;
  }
  return undefined;
}
