import type { EntryDecision, entryKinds } from "#lib/entry-words";

export type EntryKind = (typeof entryKinds)[number];

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Something too large or too personal for the entry; the entry commits to it, it is stored sealed, and may be erased. */
export interface Attachment {
  readonly role: "detail" | "request" | "answer";
  readonly bytes: Uint8Array;
  /** Whether `bytes` is only the beginning of what there was. */
  readonly isTruncated: boolean;
}

/**
 * One fact to be remembered for ever. Everything in it outlives erasure, so it holds opaque ids, Google's public
 * names of operations and digests; names of people and resources go into `detail`.
 */
export interface NewEntry {
  readonly kind: EntryKind;
  readonly sessionId?: string;
  readonly exchangeId?: string;
  readonly approvalId?: string;
  readonly operation?: string;
  readonly class?: string;
  readonly decision?: EntryDecision;
  readonly policyVersion?: string;
  readonly status?: number;
  /** Of the bytes sent or received, hex SHA-256 keyed per session by the log; lengths in bytes. */
  readonly requestBody?: { readonly sha256: string; readonly bytes: number };
  readonly answerBody?: { readonly sha256: string; readonly bytes: number };
  /** What it is about, for finding it where its detail does not say so: beside the log, erasable, and in no entry. */
  readonly resource?: string;
  /** Who, what, where: sealed and stored beside the log, erasable. */
  readonly detail?: { readonly [key: string]: JsonValue };
  readonly attachments?: readonly Attachment[];
  /** The detail is sealed with the day's key although the entry names a session: it outlives the session's erasure. */
  readonly isKeptFromErasure?: true;
}

/** Proof of durability: the entry's place in the log and its leaf hash (RFC 6962), handed to the agent. */
export interface Receipt {
  readonly origin: string;
  readonly index: number;
  readonly leafHash: Uint8Array;
}

/** Where facts go. `append` resolves only after the entry is on disk; if it rejects, nothing may be forwarded. */
export interface AuditLog {
  append(entry: NewEntry): Promise<Receipt>;
}
