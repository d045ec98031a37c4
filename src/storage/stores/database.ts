import { GatehouseError } from "#lib/errors";

export type SqlValue = string | number | bigint | null | Uint8Array;
export type Row = Readonly<Record<string, SqlValue>>;

export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  /** When set, the whole write is rolled back unless exactly this many rows changed. */
  readonly mustChange?: number;
}

export type WriteResult =
  | {
      readonly kind: "done" /** Rows of each statement (RETURNING), in order. */;
      readonly rows: readonly (readonly Row[])[];
    }
  /** A `mustChange` did not hold; nothing was written. */
  | { readonly kind: "conflict"; readonly statement: number };

/**
 * What the stores stand on, whichever engine it is. Trusted to have told the disk before `write` resolves. Writes that
 * arrive while one is being synced share the next transaction (group commit); each keeps its own all-or-nothing by
 * savepoint.
 *
 * Rejections carry a `GatehouseError` with one of `DatabaseErrorCode`. Only `database_failed` leaves the outcome of
 * a write open; see `isKnownUnwritten`.
 */
export interface Database {
  /** Runs on a connection that cannot write. It sees every write that resolved before the call. */
  read(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
  write(statements: readonly Statement[]): Promise<WriteResult>;
  /**
   * Removes from the engine's own files, as far as it can, what writes have overwritten. `later` when somebody else's reading is
   * in the way: ask again. `vacuum` where it is the server's own to do, and asking again changes nothing. No write is ever lost
   * or held up by it.
   */
  scrub(): Promise<"done" | "later" | "vacuum">;
  /** Finishes what was asked before, then closes. Later calls reject with `database_closed`. */
  close(): Promise<void>;
}

export type DatabaseErrorCode =
  /** The disk or a page limit is exhausted; rolled back. Works again once there is room. */
  | "database_full"
  /** Somebody else holds the write lock, or too much is queued already; nothing was written. */
  | "database_busy"
  /** This write broke a constraint or is not SQL; it was rolled back alone. */
  | "database_statement_refused"
  | "database_closed"
  /** A sync or commit failed, or the worker died: what is on disk is unknown. Final until restart. */
  | "database_failed";

const unwritten: ReadonlySet<string> = new Set<DatabaseErrorCode>([
  "database_full",
  "database_busy",
  "database_statement_refused",
  "database_closed",
]);

/** Whether a rejected write is certain to have left no trace. */
export function isKnownUnwritten(error: unknown): error is GatehouseError {
  return error instanceof GatehouseError && unwritten.has(error.code);
}
