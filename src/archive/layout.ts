import { createHash } from "node:crypto";

// Tiles and bundles lie under their path in the log. A checkpoint is replaced in a log and may not be in a bucket, so each has
// a name of its own. The log's own note is the same bytes whenever it is written; with cosignatures, which carry a time, it
// is another object, whose first version counts.

export const checkpointsPrefix = "checkpoints/";
export const cosignedPrefix = "cosigned/";

/** In order of size: `checkpoints/0000000000000042`. */
export function checkpointPath(prefix: string, size: number): string {
  return prefix + String(size).padStart(16, "0");
}

/**
 * Where a checkpoint lies whose own name somebody has taken: `checkpoints/0000000000000042-<half of the note's SHA-256, hex>`. Nobody
 * knows this name before the log has signed the note.
 */
export function spareCheckpointPath(size: number, note: string): string {
  const digest = createHash("sha256").update(note, "utf8").digest("hex");
  return `${checkpointPath(checkpointsPrefix, size)}-${digest.slice(0, 32)}`;
}

/** `undefined` for a name that no archive gives. */
export function sizeOfPath(prefix: string, path: string): number | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const [, digits] = /^(\d{16})(?:-[0-9a-f]{32})?$/.exec(path.slice(prefix.length)) ?? [];
  const size = Number(digits);
  // Beyond that two names would be one number.
  return Number.isSafeInteger(size) ? size : undefined;
}
