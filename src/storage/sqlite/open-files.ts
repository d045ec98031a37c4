import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { GatehouseError } from "#lib/errors";
import { syncFolder } from "#lib/whole-file";
import { createPrivately, lockFile } from "./folder-lock.ts";
import { migrate, requireReadable } from "./migrate.ts";

/** How long another process (an operator's sqlite3 shell) may hold a lock before we refuse. */
export const busyTimeoutMs = 1_000;

/**
 * The two connections of the worker thread: `writer` commits, `reader` cannot write. Owned by the worker; all calls
 * are synchronous, so nothing interleaves within a transaction.
 */
export interface Connections {
  readonly writer: DatabaseSync | undefined;
  readonly reader: DatabaseSync;
}

/** Opens for serving: alone, durable, and on the newest schema. `release` gives the folder back. */
export function openForServing(path: string): Connections & { release: () => void } {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = lockFile(`${path}.lock`, () => inUse(folder));
  try {
    createPrivately(path);
    const writer = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
    requireDurable(path, askForDurability(writer));
    migrate(writer);
    // SQLite makes the name of its WAL durable, not the database's.
    syncFolder(folder);
    return { writer, reader: new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs }), release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Opens beside a running server, or a copy: takes no lock and changes nothing. */
export function openForReading(path: string): Connections & { release: () => void } {
  if (!exists(path)) {
    throw new GatehouseError("database_missing", `There is no Gatehouse database at ${path}.`);
  }
  const reader = new DatabaseSync(readableName(path), { readOnly: true, timeout: busyTimeoutMs });
  requireReadable(reader, path);
  return { writer: undefined, reader, release: () => undefined };
}

/**
 * A copy in a folder that cannot be written has no place for SQLite's shared memory. Without a WAL beside it, nobody
 * is writing to it either, and it can be read as it stands.
 */
function readableName(path: string): string | URL {
  if (exists(`${path}-wal`)) return path;
  try {
    const probe = new DatabaseSync(path, { readOnly: true });
    probe.prepare("SELECT count(*) FROM sqlite_schema").get();
    probe.close();
    return path;
  } catch {
    const url = pathToFileURL(path);
    url.searchParams.set("immutable", "1");
    return url;
  }
}

/** What SQLite says it does, read back after asking. */
export interface DurabilityPragmas {
  readonly journalMode: unknown;
  readonly synchronous: unknown;
}

function askForDurability(database: DatabaseSync): DurabilityPragmas {
  const ask = (pragma: string): unknown => Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0];
  ask("journal_mode=WAL");
  ask("synchronous=FULL");
  // macOS: fsync alone stops at the drive's cache. Elsewhere these two change nothing.
  ask("fullfsync=ON");
  ask("checkpoint_fullfsync=ON");
  // What is erased is overwritten, and not only forgotten.
  ask("secure_delete=ON");
  ask("wal_autocheckpoint=0"); // Engine.checkpointIfDue says why.
  return { journalMode: ask("journal_mode"), synchronous: ask("synchronous") };
}

/** A log that can lose its newest entries on power loss is not one. */
export function requireDurable(path: string, { journalMode, synchronous }: DurabilityPragmas): void {
  if (journalMode === "wal" && synchronous === 2) return;
  throw new GatehouseError(
    "database_not_durable",
    `${path} reports journal_mode=${String(journalMode)} and synchronous=${String(synchronous)}; Gatehouse needs wal and 2. ` +
      "Put the data folder on a local disk whose file system supports shared memory and locks.",
  );
}

function inUse(folder: string): GatehouseError {
  return new GatehouseError(
    "data_folder_in_use",
    `Another Gatehouse is serving from ${folder}. Stop it, or give this one another data folder.`,
  );
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
