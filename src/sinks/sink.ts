import type { About } from "#audit";

/** An entry as it lies in the log, with what is known of it besides. */
export interface OutgoingEntry {
  readonly index: number;
  /** The exact bytes that were hashed. */
  readonly leaf: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly about: About;
  /** As it is stored, sealed; only where it was asked for, and while it is not erased. */
  readonly detail: Uint8Array | undefined;
}

/** Where deliveries find what to send, and keep how far they are. */
export interface SinkStore {
  /** Entries below this index are under a signed checkpoint; nothing else is ever sent. */
  publishedSize(): Promise<number>;
  /** The entries `[from, to)`, in order. */
  entries(
    range: { readonly from: number; readonly to: number },
    withDetail: boolean,
  ): Promise<readonly OutgoingEntry[]>;
  /** Index of the next entry to send; 0 for a sink nobody has heard of. */
  cursor(sink: string): Promise<number>;
  /** Durable when it resolves. False when the cursor is not at `from` any more: somebody moved it meanwhile. */
  advance(sink: string, step: { readonly from: number; readonly to: number }): Promise<boolean>;
  /** Wherever it was. Durable when it resolves. */
  move(sink: string, to: number): Promise<void>;
}

/** An entry in the words of its sink. */
export interface RenderedEntry {
  readonly index: number;
  /** ISO 8601. */
  readonly at: string;
  readonly kind: string;
  readonly class: string | undefined;
  /** One line of JSON. */
  readonly json: string;
}

/** Neighbours in the log, never empty, at most as long as limits say. */
export interface Batch {
  readonly origin: string;
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
  readonly entries: readonly RenderedEntry[];
}

/** Somebody else who is told. */
export interface Sink {
  /**
   * Resolves only once the receiver has the whole batch; rejects otherwise, and the same entries come again. The signal says
   * that the server stops.
   */
  deliver(batch: Batch, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A sink as the operator configured it. */
export interface ConfiguredSink {
  readonly name: string;
  readonly kind: "file" | "webhook" | "syslog" | "object_store";
  readonly form: "ocsf" | "entry";
  /** Whether details leave too; recordings never do. */
  readonly withDetail: boolean;
  /** Waits until so many entries wait, or the oldest waits so long. */
  readonly batch: { readonly entries: number; readonly waitMs: number };
  readonly sink: Sink;
}

/** How a sink is doing. */
export interface SinkStatus {
  readonly name: string;
  readonly kind: ConfiguredSink["kind"];
  /** Index of the next entry to send. */
  readonly next: number;
  readonly lagEntries: number;
  /** Age of the oldest entry that is still to be sent. */
  readonly lagMs: number;
  readonly isLagging: boolean;
  /** Attempts that failed since the last that did not. */
  readonly failures: number;
  /** Why the last one failed; `undefined` when it did not. */
  readonly problem: string | undefined;
}
