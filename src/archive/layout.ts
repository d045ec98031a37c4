import { parseCheckpoint } from "#tlog";

// Tiles and bundles lie under their path in the log. A checkpoint is replaced in a log and may not be in a bucket, so each has
// a name of its own. The log's own note is the same bytes whenever it is written; with cosignatures, which carry a time, it
// is another object, whose first version counts.

export const checkpointsPrefix = "checkpoints/";
export const cosignedPrefix = "cosigned/";

/** In order of size: `checkpoints/0000000000000042`. */
export function checkpointPath(prefix: string, size: number): string {
  return prefix + String(size).padStart(16, "0");
}

export function sizeOfPath(prefix: string, path: string): number | undefined {
  const digits = /^\d{16}$/.exec(path.slice(prefix.length))?.[0];
  return path.startsWith(prefix) && digits !== undefined ? Number(digits) : undefined;
}

/** The note with the log's own signature alone; `undefined` for what is no checkpoint. */
export function ownNote(note: string): { readonly size: number; readonly text: string } | undefined {
  const checkpoint = parseCheckpoint(note);
  if (checkpoint === undefined) return undefined;
  const border = note.indexOf("\n\n") + 2;
  const lines = note.slice(border).split("\n");
  const own = lines.filter((line) => line.startsWith(`— ${checkpoint.origin} `));
  return { size: checkpoint.size, text: `${note.slice(0, border)}${own.join("\n")}\n` };
}
