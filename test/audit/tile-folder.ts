import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decodeBundle, hashLeaf, type NoteSigner, parseCheckpoint, tilePath, tilesOf } from "#tlog";
import { tileLog } from "../fakes/tile-log.ts";

// What somebody can do to an exported log who owns the folder, and what somebody can do who also stole the log key.

export function writeTile(folder: string, path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

export function sizeOf(folder: string): number {
  return parseCheckpoint(readFileSync(join(folder, "checkpoint"), "utf8"))?.size ?? 0;
}

/** The leaves of an exported log, in order. */
export function leavesOf(folder: string): Uint8Array[] {
  return [...tilesOf(sizeOf(folder))]
    .filter(({ level }) => level === "entries")
    .flatMap((tile) => [...(decodeBundle(readFileSync(join(folder, tilePath(tile)))) ?? [])]);
}

/** The same bundles over other leaves; the hashes and the checkpoint stay what they were. */
export function replaceLeaves(folder: string, leaves: readonly Uint8Array[], signer: NoteSigner): void {
  for (const [path, bytes] of tileLog(leaves, signer, originOf(folder)).files) {
    if (path.startsWith("tile/entries/")) writeTile(folder, path, bytes);
  }
}

/** Another log altogether, signed: what the owner of the key can always make. */
export function replaceLog(folder: string, leaves: readonly Uint8Array[], signer: NoteSigner): void {
  const forged = tileLog(leaves, signer, originOf(folder));
  for (const [path, bytes] of forged.files) writeTile(folder, path, bytes);
  writeFileSync(join(folder, "checkpoint"), forged.note ?? "");
}

/** All hashes computed anew over other leaves, under the old checkpoint: what the owner of the folder alone can do. */
export function rehash(folder: string, leaves: readonly Uint8Array[], signer: NoteSigner): void {
  for (const [path, bytes] of tileLog(leaves, signer, originOf(folder)).files) writeTile(folder, path, bytes);
}

function originOf(folder: string): string {
  return readFileSync(join(folder, "checkpoint"), "utf8").split("\n")[0] ?? "";
}

/** The leaf with one byte of its time changed: still a plausible entry. */
export function changed(leaf: Uint8Array): Uint8Array {
  const copy = Buffer.from(leaf);
  const digit = copy.indexOf('"t":"') + '"t":"2026-11-2'.length;
  copy.writeUInt8(copy.readUInt8(digit) ^ 1, digit);
  if (hashLeaf(copy).every((byte, at) => byte === hashLeaf(leaf)[at])) throw new Error("nothing was changed");
  return copy;
}
