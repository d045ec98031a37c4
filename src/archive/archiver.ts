import type { Clock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import {
  entriesUnder,
  type Hash,
  parseCheckpoint,
  type Tile,
  type TileSource,
  tilePath,
  tilesOf,
  tileWidth,
  verifyConsistency,
} from "#tlog";
import type { ArchiveStore } from "./archive-store.ts";
import type { ArchiveBucket } from "./copy.ts";
import { checkpointPath, checkpointsPrefix, cosignedPrefix, ownNote, sizeOfPath } from "./layout.ts";

export interface ArchivedLog extends TileSource {
  /** From `oldSize` to the newest checkpoint; `undefined` where it is not that large, or a hash is missing. */
  consistency(
    oldSize: number,
  ): Promise<{ readonly checkpoint: string; readonly proof: readonly Hash[] } | undefined>;
}

export interface ArchiverParts {
  readonly bucket: ArchiveBucket;
  /** The published log; `checkpoint` may carry cosignatures. */
  readonly log: ArchivedLog;
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
 * finds what it covers. May be cut off anywhere and begun again. Throws `archive_contradicted` when the bucket holds other
 * bytes than the log under one name: then one of the two is not what it was.
 */
export async function archive({ bucket, log, store, clock, signal }: ArchiverParts): Promise<Archived> {
  await requireLocked(bucket);
  const note = await log.checkpoint();
  const own = note === undefined ? undefined : ownNote(note);
  if (note === undefined || own === undefined) return { size: 0, written: 0 };
  const from = await requireContinued(bucket, log, await store.sizeAt(bucket.place));
  const tiles = from === own.size ? [] : [...tilesOf(own.size)].filter((tile) => isNew(tile, from));
  let written = 0;
  for (let at = 0; at < tiles.length; at += putAtOnce) {
    signal?.throwIfAborted();
    const results = await Promise.all(
      tiles.slice(at, at + putAtOnce).map((tile) => copyTile(bucket, log, tile)),
    );
    written += results.filter((result) => result === "stored").length;
  }
  const bytes = Buffer.from(own.text, "utf8");
  if ((await putOnce(bucket, checkpointPath(checkpointsPrefix, own.size), bytes)) === "stored") written += 1;
  // Each cosigning has a time of its own: the first that is archived stays.
  if (note !== own.text) {
    const result = await bucket.put(checkpointPath(cosignedPrefix, own.size), Buffer.from(note, "utf8"));
    if (result === "stored") written += 1;
  }
  await store.reached(bucket.place, own.size, clock.now());
  return { size: own.size, written };
}

/**
 * The log continues what is archived, whose size this returns. Tiles alone would not tell: another log may have none in
 * common with what is there. Where the database remembers nothing the bucket is asked, since it forgets nothing.
 */
async function requireContinued(bucket: ArchiveBucket, log: ArchivedLog, known: number): Promise<number> {
  const size = known > 0 ? known : await newestSize(bucket);
  if (size === 0) return 0;
  const path = checkpointPath(checkpointsPrefix, size);
  const kept = parseCheckpoint(Buffer.from((await firstWritten(bucket, path)) ?? []).toString("utf8"));
  const continued = await log.consistency(size);
  const newest = continued && parseCheckpoint(continued.checkpoint);
  if (kept?.size !== size || continued === undefined || newest === undefined) {
    throw contradicted(bucket, path, `the log cannot show that it continues its ${size} entries`);
  }
  const claim = { oldSize: size, oldRoot: kept.root, size: newest.size, root: newest.root };
  const check = verifyConsistency(claim, continued.proof);
  if (check.kind === "proven") return size;
  throw contradicted(bucket, path, `the log does not continue its ${size} entries`);
}

async function newestSize(bucket: ArchiveBucket): Promise<number> {
  let newest = 0;
  for await (const { path } of bucket.list(checkpointsPrefix)) {
    newest = Math.max(newest, sizeOfPath(checkpointsPrefix, path) ?? 0);
  }
  return newest;
}

function contradicted(bucket: ArchiveBucket, path: string, why: string): GatehouseError {
  return new GatehouseError(
    "archive_contradicted",
    `${path} in ${bucket.place}: ${why}. One of the two was changed: keep both, and verify each against kept checkpoints.`,
  );
}

/** Full tiles below what is archived are there already, full. */
function isNew(tile: Tile, from: number): boolean {
  return tile.width < tileWidth || entriesUnder(tile).to > from;
}

async function copyTile(bucket: ArchiveBucket, log: TileSource, tile: Tile): Promise<"stored" | "exists"> {
  const path = tilePath(tile);
  const bytes = await log.read(path);
  if (bytes !== undefined) return putOnce(bucket, path, bytes);
  throw new GatehouseError(
    "archive_incomplete",
    `${path} is missing from the log, so nothing more can be archived. Run \`gatehouse audit verify\`.`,
  );
}

async function putOnce(bucket: ArchiveBucket, path: string, bytes: Uint8Array): Promise<"stored" | "exists"> {
  const result = await bucket.put(path, bytes);
  if (result === "stored") return result;
  const there = await firstWritten(bucket, path);
  if (there !== undefined && Buffer.compare(there, bytes) === 0) return result;
  throw contradicted(bucket, path, "the log has other bytes there");
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
