import type { Database } from "../../src/storage/stores/index.ts";
import type { LogRows } from "./log-rows.ts";

/** A database engine to measure on, in a place of its own that goes with `close`. */
export interface Engine {
  readonly name: string;
  /** A place for one log, its tables there and empty. */
  newPlace(): Promise<Place>;
  /** Whatever `BareInserts` needs, durable as the log is. */
  openBare(): Promise<BareInserts>;
  close(): Promise<void>;
}

/** Where one log is. */
export interface Place {
  /**
   * Begins to put rows in, as the stores would one by one; but the indexes are made at the end, and nothing is synced until then,
   * since a million syncs would take an hour.
   */
  fill(): Promise<Filling>;
  openForServing(): Promise<Database>;
  openForReading(): Promise<Database>;
}

export interface Filling {
  /** Resolves when more may come. */
  add(rows: LogRows): Promise<void>;
  /** All of it is on disk, and no work is left for later. */
  finish(entries: number): Promise<void>;
}

/** Inserts of rows of a leaf's size into one table with one index, on the same engine, disk and durability. */
export interface BareInserts {
  /** What the bound is about: one loop, one row a commit, so that each is durable before the next. */
  readonly loop: Rival;
  /** Inserts that gain by what the log gains by: commits that are shared. Without a bound. */
  readonly others: readonly Rival[];
  close(): Promise<void>;
}

export interface Rival {
  readonly what: string;
  /** So many durable rows. */
  insert(rows: number): Promise<void>;
}

export const writers = 32;
/** Of an intent's leaf. */
export const bareRowBytes = 420;
