import type { ActLog, DataKeys, NewEntry } from "#audit";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { CustodyStore, Scrubbing, Shredding } from "./custody-store.ts";

export interface ShredderParts {
  readonly store: CustodyStore;
  readonly audit: ActLog;
  /** The keys of the log; of an erased session this process forgets its own. */
  readonly keys: Pick<DataKeys, "forget">;
  readonly clock: Clock;
  /** What goes wrong after an act is done, or with nobody waiting. */
  readonly onFailure: (error: unknown) => void;
}

export type ShredOutcome =
  | { readonly kind: "shredded"; readonly scrubbing: Scrubbing }
  | { readonly kind: "held" | "erased" | "not_open" };

/**
 * Erases. First, in one transaction: the entry, and the key destroyed; from there on nothing of the session can be opened, and
 * nobody can undo it. Then, in small steps that begin anew after a crash: the bytes that the key has left behind.
 */
export class Shredder {
  readonly #parts: ShredderParts;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(parts: ShredderParts) {
    this.#parts = parts;
  }

  async shred(entry: NewEntry, shredding: Shredding): Promise<ShredOutcome> {
    const shredded = this.#shred(entry, shredding);
    this.#underWay.add(shredded);
    try {
      return await shredded;
    } finally {
      this.#underWay.delete(shredded);
    }
  }

  /** What an earlier process, or a reader of the database, kept from being finished. */
  async finish(): Promise<void> {
    for (const sessionId of await this.#parts.store.unswept(limits.sweptAtOnceMax))
      await this.#sweep(sessionId);
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #shred(entry: NewEntry, shredding: Shredding): Promise<ShredOutcome> {
    const { audit, store, keys } = this.#parts;
    const done = await audit.appendWith(entry, (row) => store.shred(row, shredding));
    if (done.kind === "declined") return { kind: done.why === "key_erased" ? "erased" : done.why };
    keys.forget(shredding.sessionId);
    return { kind: "shredded", scrubbing: await this.#sweepErased(shredding.sessionId) };
  }

  /** The erasure is done and on record, so a sweep that fails must not deny it: the hourly `finish` takes it up again. */
  async #sweepErased(sessionId: string): Promise<Scrubbing> {
    try {
      return await this.#sweep(sessionId);
    } catch (error) {
      this.#parts.onFailure(error);
      return "later";
    }
  }

  async #sweep(sessionId: string): Promise<Scrubbing> {
    const { store, clock } = this.#parts;
    let from: number | undefined = 0;
    while (from !== undefined) from = await store.sweep(sessionId, from, clock.now());
    const scrubbing = await store.scrub();
    if (scrubbing !== "later") await store.markSwept(sessionId, clock.now());
    return scrubbing;
  }
}
