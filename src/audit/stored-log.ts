import { GatehouseError } from "#lib/errors";
import {
  emptyFrontier,
  extend,
  type Frontier,
  hashLeaf,
  isSameHash,
  rootOf,
  type Verifier,
  verifyCheckpoint,
} from "#tlog";
import type { LogSource, StoredEntry } from "./store.ts";

/** Entries of a page: at 600 bytes each, 300 KiB at a time. */
const pageEntries = 512;

/** All entries from `from` on, hashes checked and without gaps. Throws `audit_log_damaged`, naming the place. */
export async function* readEntries(source: LogSource, from: number): AsyncGenerator<StoredEntry> {
  let next = from;
  let asked = source.entries(next, pageEntries);
  for (;;) {
    const page = await asked;
    const isLast = page.length < pageEntries;
    if (!isLast) {
      // Read while this page is hashed. Where that ends with a throw, nobody waits for the next one any more.
      asked = source.entries(next + pageEntries, pageEntries);
      asked.catch(() => undefined);
    }
    for (const entry of page) {
      if (entry.index !== next)
        throw damaged(next, `entry ${next} is missing; the next one is ${entry.index}`);
      if (!isSameHash(hashLeaf(entry.leaf), entry.leafHash)) {
        throw damaged(
          next,
          `entry ${next} was changed: its bytes no longer have the hash they were stored with`,
        );
      }
      yield entry;
      next += 1;
    }
    if (isLast) return;
  }
}

/**
 * Checks a stored log before it is continued: every entry against its hash, the tree against the newest checkpoint,
 * and the head against both. Throws `audit_log_damaged`, naming the place.
 */
export async function checkStoredLog(source: LogSource, verifier: Verifier): Promise<Frontier> {
  const head = await source.head();
  const newest = await source.newestCheckpoint();
  const signed = newest === undefined ? undefined : verifyCheckpoint(newest.note, verifier);
  if (signed?.kind === "refused") {
    throw damaged(
      undefined,
      `its newest checkpoint cannot be believed: ${signed.why}. Was the log key replaced?`,
    );
  }
  let frontier = emptyFrontier;
  for await (const { leafHash } of readEntries(source, 0)) {
    frontier = extend(frontier, leafHash);
    if (frontier.size !== signed?.checkpoint.size) continue;
    if (isSameHash(rootOf(frontier), signed.checkpoint.root)) continue;
    throw damaged(
      undefined,
      `its first ${frontier.size} entries are not those that its newest checkpoint was signed over`,
    );
  }
  const expected = Math.max(head?.size ?? 0, signed?.checkpoint.size ?? 0);
  if (frontier.size !== expected) {
    throw damaged(frontier.size, `it has ${frontier.size} entries, though there were ${expected}`);
  }
  return frontier;
}

function damaged(index: number | undefined, what: string): GatehouseError {
  const next =
    "Keep a copy as evidence, run `gatehouse audit verify`, and restore from a backup or start a new data folder.";
  const place = index === undefined ? "" : ` (at index ${index})`;
  return new GatehouseError("audit_log_damaged", `The audit log is damaged${place}: ${what}. ${next}`);
}
