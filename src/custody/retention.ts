import { LRUCache } from "lru-cache";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { Timer } from "#lib/timer";
import type { CustodyStore, EndedSession } from "./custody-store.ts";
import { retentionEntry } from "./facts.ts";
import { daysBefore, earliestDue, type Keep, keptDays } from "./keep.ts";
import type { Shredder } from "./shredder.ts";

export interface RetentionParts {
  readonly store: CustodyStore;
  /** For how long recordings are kept; for ever without it. */
  readonly keep: Keep | undefined;
  readonly clock: Clock;
  readonly timer: Timer;
  /** What goes wrong by itself, with nobody waiting. */
  readonly onFailure: (error: unknown) => void;
}

/** Looks once an hour for sessions whose time is over, and erases them one after the other. Never under a hold. */
export class Retention {
  readonly #parts: RetentionParts;
  readonly #shredder: Shredder;
  /** Days to keep a session that was looked at and was not due: what happened in a session that is over does not change. */
  readonly #known = new LRUCache<string, number>({ max: limits.retainedSessionsKnownMax });
  #cancel: () => void = () => undefined;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: RetentionParts, shredder: Shredder) {
    this.#parts = parts;
    this.#shredder = shredder;
  }

  start(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#parts.timer.after(limits.retentionLookMs, () => {
      this.#looking = this.#look()
        .catch((error: unknown) => this.#parts.onFailure(error))
        .finally(() => this.start());
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#looking;
  }

  async #look(): Promise<void> {
    // Readers of the database may have kept an earlier erasure from being finished.
    await this.#shredder.finish();
    const { keep, clock, store } = this.#parts;
    if (keep === undefined) return;
    const before = earliestDue(keep, clock.now());
    let after: EndedSession | undefined;
    for (;;) {
      const page = await store.endedSessions(before, after, limits.retentionPageSessions);
      for (const session of page) {
        if (this.#isClosed) return;
        await this.#eraseIfDue(session, keep);
      }
      after = page.at(-1);
      if (after === undefined) return;
    }
  }

  async #eraseIfDue({ id, endedAt }: EndedSession, keep: Keep): Promise<void> {
    const { clock, store } = this.#parts;
    const days = this.#known.get(id) ?? keptDays(keep, await store.classesOf(id));
    this.#known.set(id, days);
    const at = clock.now();
    if (endedAt > daysBefore(at, days) || (await store.isHeld(id))) return;
    // Held since a moment ago, or erased by another server: then nothing is done, and nothing on record.
    await this.#shredder.shred(retentionEntry(id, days), { sessionId: id, at });
  }
}
