import type { DatabaseErrorCode, Row, SqlValue, Statement, WriteResult } from "../stores/database.ts";

/** What the worker is started with. */
export interface WorkerOptions {
  readonly path: string;
  readonly mode: "serve" | "read";
}

export interface Read {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** One batch is one transaction and one sync, however many writes it holds. */
export type ToWorker =
  | {
      readonly kind: "batch";
      readonly writes: readonly (readonly Statement[])[];
      readonly reads: readonly Read[];
    }
  | { readonly kind: "close" };

export interface Failure {
  readonly kind: "failed";
  readonly code: DatabaseErrorCode;
  readonly message: string;
}
export type WriteReply = WriteResult | Failure;
export type ReadReply = { readonly kind: "rows"; readonly rows: readonly Row[] } | Failure;

export type FromWorker =
  | { readonly kind: "opened" }
  /** The database cannot be used; `code` and `message` are for a `GatehouseError`. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "results"; readonly writes: readonly WriteReply[]; readonly reads: readonly ReadReply[] }
  | { readonly kind: "closed" };
