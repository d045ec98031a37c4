import { GatehouseError } from "#lib/errors";
import type { TileSource } from "#tlog";
import type { CopyObject, LogCopy } from "./copy.ts";
import { checkpointsPrefix, cosignedPrefix, ownNote, sizeOfPath } from "./layout.ts";

/** A log as it lies in a copy. Nothing in it is believed before it was verified. */
export interface CopiedLog extends TileSource {
  /** All checkpoints before the newest, signed notes. */
  older(): Promise<readonly string[]>;
  /** Paths that somebody wrote over or hid; what was there first is what this reads. */
  readonly overwritten: readonly string[];
}

const readAtOnce = 8;

/** Lists the copy once, then reads what is asked for. Throws `log_not_found` when there is no checkpoint in it. */
export async function openCopiedLog(copy: LogCopy): Promise<CopiedLog> {
  const objects = new Map<string, CopyObject>();
  for (const prefix of [checkpointsPrefix, cosignedPrefix, "tile/"]) {
    for await (const object of copy.list(prefix)) objects.set(object.path, object);
  }
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    const object = objects.get(path);
    return object && copy.get(path, object.version);
  };
  const checkpoints = [...objects.keys()]
    .filter((path) => sizeOfPath(checkpointsPrefix, path) !== undefined)
    .sort();
  const newest = checkpoints.at(-1);
  if (newest === undefined) {
    throw new GatehouseError(
      "log_not_found",
      "There is no checkpoint in this copy, so there is no log in it.",
    );
  }
  const note = async (path: string): Promise<string> =>
    Buffer.from((await read(path)) ?? []).toString("utf8");
  return {
    overwritten: [...objects.values()].filter(({ wasOverwritten }) => wasOverwritten).map(({ path }) => path),
    read,
    checkpoint: async () => {
      const own = await note(newest);
      const cosigned = await note(cosignedPrefix + newest.slice(checkpointsPrefix.length));
      // The same checkpoint with what witnesses said of it; another one there would be somebody's confusion.
      return ownNote(cosigned)?.text === own ? cosigned : own;
    },
    older: async () => {
      const notes: string[] = [];
      for (let from = 0; from < checkpoints.length - 1; from += readAtOnce) {
        const paths = checkpoints.slice(from, Math.min(from + readAtOnce, checkpoints.length - 1));
        notes.push(...(await Promise.all(paths.map(note))));
      }
      return notes;
    },
  };
}
