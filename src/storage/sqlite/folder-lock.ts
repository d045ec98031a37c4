import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { GatehouseError, messageOf } from "#lib/errors";
import { resultCode } from "./sqlite-failure.ts";

const busy = 5;

/**
 * One process at a time, by a file of its own beside what is guarded: an exclusive lock on a database itself would shut out
 * its readers. The kernel drops the lock when the process dies, however it dies. Returns what gives it back; throws what
 * `taken` makes when another process has it.
 */
export function lockFile(path: string, taken: () => GatehouseError): () => void {
  createPrivately(path);
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    throw ((resultCode(error) ?? 0) & 0xff) === busy ? taken() : error;
  }
  return () => lock.close();
}

/** Readable by our own user only, from the first byte: recordings are in a database. */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    throw new GatehouseError("database_unusable", `Cannot write ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
