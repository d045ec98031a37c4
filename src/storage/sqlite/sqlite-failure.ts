import { messageOf } from "#lib/errors";
import type { Failure } from "../group-commit.ts";
import type { DatabaseErrorCode } from "../stores/database.ts";

/** Primary result codes after which we know what is on disk, https://www.sqlite.org/rescode.html. */
const harmless: ReadonlyMap<number, DatabaseErrorCode> = new Map([
  [13, "database_full"],
  [5, "database_busy"],
  [6, "database_busy"], // SQLITE_LOCKED
  [1, "database_statement_refused"], // SQLITE_ERROR: not SQL
  [18, "database_statement_refused"], // SQLITE_TOOBIG
  [19, "database_statement_refused"], // SQLITE_CONSTRAINT
  [20, "database_statement_refused"], // SQLITE_MISMATCH
  [25, "database_statement_refused"], // SQLITE_RANGE
]);
const mismatch = 20;
const readOnly = 8;

/**
 * Sorts SQLite's errors by what they say about the disk. The list of harmless ones is closed: an error we do not
 * know (input/output, corruption, memory, a failed sync) means we no longer know what is on disk.
 *
 * SQLITE_FULL is harmless even from COMMIT: SQLite reports it for a write that met ENOSPC, which leaves the WAL
 * without a valid commit frame. A *sync* that meets ENOSPC is reported as SQLITE_IOERR_FSYNC, hence not harmless:
 * the commit frame is then in the file, and may or may not survive.
 */
export function failureOf(error: unknown): Failure {
  const message = messageOf(error);
  const code = resultCode(error);
  return {
    kind: "failed",
    code: classify(code),
    message: code === undefined ? message : `${message} (${code})`,
  };
}

function classify(code: number | undefined): DatabaseErrorCode {
  if (code === undefined) return "database_failed";
  // Exactly SQLITE_READONLY: a write was tried on the reading connection. Its extended forms, such as
  // SQLITE_READONLY_DBMOVED, mean that the file was taken from under us.
  if (code === readOnly) return "database_statement_refused";
  return harmless.get(code & 0xff) ?? "database_failed";
}

/** Node reports the extended result code as `errcode`; values it cannot bind are its own TypeErrors. */
export function resultCode(error: unknown): number | undefined {
  if (error instanceof TypeError || error instanceof RangeError) return mismatch;
  if (error instanceof Error && "errcode" in error && typeof error.errcode === "number") return error.errcode;
  return undefined;
}
