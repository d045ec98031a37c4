import { GatehouseError } from "#lib/errors";
import type { About } from "./about.ts";
import type { EntryCursor, EntryQuery } from "./entry-query.ts";

/** An entry as it lies in the store. Nothing in it is believed before its hash was checked. */
export interface StoredEntry {
  readonly index: number;
  /** The exact bytes that were hashed. */
  readonly leaf: Uint8Array;
  readonly leafHash: Uint8Array;
}

export interface StoredAttachment {
  readonly index: number;
  readonly role: string;
  /** `undefined` once erased: then only the entry's keyed digest remains. */
  readonly bytes: Uint8Array | undefined;
}

export interface StoredCheckpoint {
  /** Counts up in the order of signing. */
  readonly number: number;
  readonly size: number;
  readonly note: string;
  readonly signedAt: Date;
}

/** The key behind the digests of an entry whose attachments were written in clear, by versions before sealing. */
export type StoredMacKey =
  | { readonly kind: "key"; readonly key: Uint8Array }
  | { readonly kind: "erased" }
  | { readonly kind: "missing" };

/** The key behind sealed attachments and their digests; never stored but wrapped. */
export type StoredDataKey =
  | { readonly kind: "wrapped" /** Name of the provider. */; readonly by: string; readonly bytes: Uint8Array }
  | { readonly kind: "erased" }
  | { readonly kind: "missing" };

export interface NewDataKey {
  /** The session's id, or a date. */
  readonly keyId: string;
  readonly scope: "session" | "day";
  readonly wrapped: Uint8Array;
  readonly by: string;
  readonly at: Date;
}

/** A log to be looked at: a running server's, a copy's, an export's. */
export interface LogSource {
  /** Which log this is, and how many entries it says it has; `undefined` when there is none yet. */
  head(): Promise<{ readonly origin: string; readonly size: number } | undefined>;
  /** In order of index, from `from`, at most `limit`. */
  entries(from: number, limit: number): Promise<readonly StoredEntry[]>;
  /** Of the entries `[from, to)`, in order of index. */
  attachments(from: number, to: number): Promise<readonly StoredAttachment[]>;
  /** In order of number, after `number`, at most `limit`. */
  checkpoints(after: number, limit: number): Promise<readonly StoredCheckpoint[]>;
  newestCheckpoint(): Promise<StoredCheckpoint | undefined>;
  macKey(keyId: string): Promise<StoredMacKey>;
  dataKey(keyId: string): Promise<StoredDataKey>;
}

export interface EntryAbout extends StoredEntry {
  readonly about: About;
  /** Its time as the listing is sorted by it. */
  readonly t: string;
}

/** Newest first by time. A page may be short, even empty, and still not be the last: looking has a limit too. */
export interface EntryPage {
  readonly entries: readonly EntryAbout[];
  readonly next: EntryCursor | undefined;
}

/** An entry with its `detail`, for people who look. */
export interface EntryWithDetail extends StoredEntry {
  /** As it is stored: sealed, or of an earlier version in clear. */
  readonly detail: Uint8Array | undefined;
}

export type ExchangeQuery = { readonly exchangeId: string } | NewestExchanges;

/** The newest exchanges of one session or of all; those older than `before`, an exchange's id, where that is given. */
export interface NewestExchanges {
  readonly sessionId?: string | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Certain to have left no trace; asking again later is safe. */
export interface NotStored {
  readonly kind: "refused";
  readonly why: string;
}

/** An entry on its way into the store. */
export interface EntryRow {
  readonly leaf: Uint8Array;
  readonly leafHash: Uint8Array;
  /** Ciphertext: the store never sees anything else. */
  readonly attachments: readonly { readonly role: string; readonly bytes: Uint8Array }[];
  /** What the attachments are sealed under. Once that key is destroyed nothing is added under it. */
  readonly keyId?: string | undefined;
  /** What the entry can be found by besides what it says itself. */
  readonly about: About;
}

/** `declined`: the store, or whoever wrote the entry together with something else, had a reason not to. */
export type Appended<Why extends string = never> =
  | { readonly kind: "stored"; readonly index: number }
  | { readonly kind: "declined"; readonly why: Why }
  | NotStored;

/**
 * Where the log keeps itself. Every method that changes something is durable when it resolves.
 * A write that certainly did not happen is a value, `refused`. A *rejection* says that nobody knows what is on disk:
 * the log then stops for good. A question may be rejected for less (`isUnanswered`).
 */
export interface AuditStore extends LogSource {
  /** Creates the empty log unless there is one already. */
  create(origin: string): Promise<{ readonly kind: "stored" } | NotStored>;
  /** Entry and attachments in one transaction, at the next index. */
  append(entry: EntryRow): Promise<Appended<"key_erased">>;
  addCheckpoint(
    checkpoint: Omit<StoredCheckpoint, "number">,
  ): Promise<{ readonly kind: "stored" } | NotStored>;
  /** The key that is kept: the one given, or an earlier one. */
  keepDataKey(candidate: NewDataKey): Promise<StoredDataKey | NotStored>;
  /** Intents that no later entry of their exchange concludes, in order. */
  unfinishedIntents(): Promise<readonly StoredEntry[]>;
  /** All entries of the exchanges asked for, in order of index. */
  exchangeEntries(query: ExchangeQuery): Promise<readonly EntryWithDetail[]>;
  /** Entries by what they say and are about, newest first. */
  findEntries(query: EntryQuery): Promise<EntryPage>;
  /** One attachment of one entry; `undefined` when there is no such row. */
  attachment(index: number, role: string): Promise<StoredAttachment | undefined>;
  /** Of one entry; empty when nothing is known or it was erased. */
  aboutOf(index: number): Promise<About>;
}

const unanswered: ReadonlySet<string> = new Set(["database_busy", "database_full"]);

/** Whether a rejected question only has to be asked again: it says nothing of what is stored. */
export function isUnanswered(error: unknown): error is GatehouseError {
  return error instanceof GatehouseError && unanswered.has(error.code);
}
