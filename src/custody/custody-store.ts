import type { Appended, EntryRow } from "#audit";
import type { Principal } from "#identity";
import type { CustodyRequest, Hold } from "./hold.ts";

/** `later`: somebody else is reading the files. `vacuum`: they are the database server's, which empties them when it vacuums. */
export type Scrubbing = "done" | "later" | "vacuum";

/** A session that is over, and since when. */
export interface EndedSession {
  readonly id: string;
  readonly endedAt: Date;
}

export interface Shredding {
  readonly sessionId: string;
  readonly at: Date;
  /** Absent when it is retention that erases. */
  readonly confirmation?: Confirmation;
}

export interface Confirmation {
  readonly requestId: string;
  readonly confirmedBy: Principal;
  readonly at: Date;
}

/**
 * What custody keeps. Whatever is on record is written in the transaction that does it: `row` is the entry. Durable when a
 * method resolves.
 */
export interface CustodyStore {
  insertHold(row: EntryRow, hold: Hold): Promise<Appended<"key_erased">>;
  insertRequest(row: EntryRow, request: CustodyRequest): Promise<Appended<"key_erased">>;
  /** Declines when the request was confirmed already, or the hold is released. */
  release(
    row: EntryRow,
    holdId: string,
    confirmation: Confirmation,
  ): Promise<Appended<"key_erased" | "not_open">>;
  /**
   * Destroys the key, and with it the names that are kept of the session elsewhere. Declines under a hold: it looks in the
   * transaction that destroys. `sweep` then removes what the key can no longer open.
   */
  shred(
    row: EntryRow,
    shredding: Shredding,
  ): Promise<Appended<"key_erased" | "held" | "erased" | "not_open">>;

  /** Those that stand, oldest first. */
  holds(limit: number): Promise<readonly Hold[]>;
  findHold(id: string): Promise<Hold | undefined>;
  /** Those that nobody confirmed and that were made after `since`, oldest first. */
  openRequests(since: Date, limit: number): Promise<readonly CustodyRequest[]>;
  findRequest(id: string): Promise<CustodyRequest | undefined>;
  isHeld(sessionId: string): Promise<boolean>;
  isErased(sessionId: string): Promise<boolean>;
  hasEntries(sessionId: string): Promise<boolean>;

  /** One small step: removes sealed bytes and names of some entries from `from` on. `undefined` when there were no more. */
  sweep(sessionId: string, from: number, at: Date): Promise<number | undefined>;
  /** Whether what was removed is gone from the database's files as well. */
  scrub(): Promise<Scrubbing>;
  markSwept(sessionId: string, at: Date): Promise<void>;
  /** Erased, and not swept to the end. */
  unswept(limit: number): Promise<readonly string[]>;

  /** Not erased, and over by `by`, in order of their end, after `after`. */
  endedSessions(
    before: Date,
    after: EndedSession | undefined,
    limit: number,
  ): Promise<readonly EndedSession[]>;
  /** The risk classes among a session's entries. */
  classesOf(sessionId: string): Promise<readonly string[]>;
}
