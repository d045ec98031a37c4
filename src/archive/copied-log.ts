import { GatehouseError } from "#lib/errors";
import { ownNote, parseTilePath, type TileSource, type Verifier, verifyCheckpoint } from "#tlog";
import type { CopyObject, LogCopy } from "./copy.ts";
import { checkpointPath, checkpointsPrefix, cosignedPrefix, sizeOfPath } from "./layout.ts";

/** A log as it lies in a copy. Nothing in it is believed before it was verified. */
export interface CopiedLog extends TileSource {
  /** All checkpoints before the newest, signed notes. */
  older(): Promise<readonly string[]>;
  /** Paths that somebody wrote over or hid; what was there first is what this reads. */
  readonly overwritten: readonly string[];
  /** Paths below ours with what the log never wrote: a bucket that is locked keeps that too, and it says nothing of the log. */
  readonly junk: readonly string[];
}

const readAtOnce = 8;
const tilesPrefix = "tile/";

/**
 * Lists the copy once and reads its checkpoints; only those count that `verifier` has signed, under the name of their size. Where
 * not one does, the newest name is given as it is: who verifies it says why it is not believed. Throws `log_not_found` when there
 * is no checkpoint in it.
 */
export async function openCopiedLog(copy: LogCopy, verifier: Verifier): Promise<CopiedLog> {
  const objects = await listed(copy);
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    const object = objects.get(path);
    return object && copy.get(path, object.version);
  };
  const note = async (path: string): Promise<string> =>
    Buffer.from((await read(path)) ?? []).toString("utf8");
  const named = [...objects.keys()]
    .filter((path) => sizeOfPath(checkpointsPrefix, path) !== undefined)
    .sort();
  const last = named.at(-1);
  if (last === undefined) {
    throw new GatehouseError(
      "log_not_found",
      "There is no checkpoint in this copy, so there is no log in it.",
    );
  }
  const { signed, foreign } = await sorted(named, note, verifier);
  const newest = signed.at(-1) ?? { size: 0, text: await note(last) };
  return {
    overwritten: [...objects.values()].filter(({ wasOverwritten }) => wasOverwritten).map(({ path }) => path),
    junk: [...(signed.length === 0 ? [] : foreign), ...[...objects.keys()].filter((path) => !isOurs(path))],
    read,
    checkpoint: async () => {
      const cosigned = await note(checkpointPath(cosignedPrefix, newest.size));
      // The same checkpoint with what witnesses said of it; another one there would be somebody's confusion.
      const isSame = signed.length > 0 && ownNote(cosigned) === newest.text;
      return isSame ? cosigned : newest.text;
    },
    older: async () => signed.slice(0, -1).map(({ text }) => text),
  };
}

async function listed(copy: LogCopy): Promise<ReadonlyMap<string, CopyObject>> {
  const objects = new Map<string, CopyObject>();
  for (const prefix of [checkpointsPrefix, cosignedPrefix, tilesPrefix]) {
    for await (const object of copy.list(prefix)) objects.set(object.path, object);
  }
  return objects;
}

/** Names alone: what lies under the name of a file of the log is for verification to judge. */
function isOurs(path: string): boolean {
  if (path.startsWith(tilesPrefix)) return parseTilePath(path) !== undefined;
  return [checkpointsPrefix, cosignedPrefix].some((prefix) => sizeOfPath(prefix, path) !== undefined);
}

interface SortedCheckpoints {
  /** In order of size. */
  readonly signed: readonly { readonly size: number; readonly text: string }[];
  /** Paths of what is not signed, or lies under the name of another size. */
  readonly foreign: readonly string[];
}

async function sorted(
  paths: readonly string[],
  note: (path: string) => Promise<string>,
  verifier: Verifier,
): Promise<SortedCheckpoints> {
  const signed: { size: number; text: string }[] = [];
  const foreign: string[] = [];
  for (let from = 0; from < paths.length; from += readAtOnce) {
    const some = paths.slice(from, from + readAtOnce);
    const read = await Promise.all(some.map(async (path) => ({ path, text: await note(path) })));
    for (const { path, text } of read) {
      const verification = verifyCheckpoint(text, verifier);
      const size = verification.kind === "verified" ? verification.checkpoint.size : undefined;
      if (size !== undefined && size === sizeOfPath(checkpointsPrefix, path))
        signed.push({ size, text: ownNote(text) ?? text });
      else foreign.push(path);
    }
  }
  return { signed, foreign };
}
