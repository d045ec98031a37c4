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
 * SQLite in one worker thread (WAL, synchronous=FULL). Trusted to have told the disk before `write` resolves.
 * Writes that arrive while one is being synced share the next transaction (group commit); each keeps its own
 * all-or-nothing by savepoint.
 */
export interface Database {
  read(sql: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
  write(statements: readonly Statement[]): Promise<WriteResult>;
  close(): Promise<void>;
}
