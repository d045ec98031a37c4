import type { Batch, Replies } from "../group-commit.ts";

/** What the worker is started with. */
export interface WorkerOptions {
  readonly path: string;
  readonly mode: "serve" | "read";
}

export type ToWorker = ({ readonly kind: "batch" } & Batch) | { readonly kind: "close" };

export type FromWorker =
  | { readonly kind: "opened" }
  /** The database cannot be used; `code` and `message` are for a `GatehouseError`. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | ({ readonly kind: "results" } & Replies)
  | { readonly kind: "closed" };
