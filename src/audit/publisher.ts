import type { Clock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import type { Timer } from "#lib/timer";
import { extend, type Frontier, type NoteSigner, rootOf, signCheckpoint } from "#tlog";
import { type AuditStore, isUnanswered } from "./store.ts";
import { readEntries } from "./stored-log.ts";

/** An entry is under a signed checkpoint well within the second that we promise. */
const growthDelayMs = 250;
/** An idle log signs again, so that silence is not mistaken for health. */
const idleDelayMs = 60_000;
/** No room on disk, or no answer: the entries are safe, only their checkpoint waits. */
const retryDelayMs = 1_000;

export interface PublisherParts {
  readonly store: AuditStore;
  readonly signer: NoteSigner;
  readonly origin: string;
  readonly clock: Clock;
  readonly timer: Timer;
  /** Called once, when what is stored is not what was appended, or nobody knows any more. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Integrates new entries into the tree and signs the result. Owns the frontier. It reads back what it signs, so that
 * a leaf that changed between append and checkpoint is found before we vouch for it.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  #frontier: Frontier;
  #underWay: Promise<void> | undefined;
  #cancel: () => void = () => undefined;
  #isGrowthScheduled = false;
  #isStopped = false;

  constructor(parts: PublisherParts, frontier: Frontier) {
    this.#parts = parts;
    this.#frontier = frontier;
  }

  /** Entries below this index are under a signed checkpoint. */
  get integratedSize(): number {
    return this.#frontier.size;
  }

  /** To be called after every append. */
  grown(): void {
    if (this.#isGrowthScheduled || this.#isStopped) return;
    this.#isGrowthScheduled = true;
    this.#schedule(growthDelayMs);
  }

  /** Integrates and signs now. Concurrent calls join into one after the other. */
  async publish(): Promise<void> {
    while (this.#underWay !== undefined) await this.#underWay;
    this.#underWay = this.#publishOnce();
    await this.#underWay;
  }

  /** Signs what there is and stops for good. */
  async close(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.publish();
  }

  /** Stops without signing: after a failure we vouch for nothing. */
  abandon(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #publishOnce(): Promise<void> {
    this.#isGrowthScheduled = false;
    try {
      const isStored = await this.#integrateAndSign();
      this.#scheduleNext(isStored ? idleDelayMs : retryDelayMs);
    } catch (error) {
      if (isUnanswered(error)) this.#scheduleNext(retryDelayMs);
      else {
        this.abandon();
        this.#parts.onFailed(error);
      }
    } finally {
      this.#underWay = undefined;
    }
  }

  async #integrateAndSign(): Promise<boolean> {
    const { store, signer, origin, clock } = this.#parts;
    for await (const { leafHash } of readEntries(store, this.#frontier.size)) {
      this.#frontier = extend(this.#frontier, leafHash);
    }
    const { size } = this.#frontier;
    if (size === 0) throw new GatehouseError("audit_log_damaged", "A log without entries cannot be signed.");
    const note = signCheckpoint({ origin, size, root: rootOf(this.#frontier) }, signer);
    const result = await store.addCheckpoint({ size, note, signedAt: clock.now() });
    return result.kind === "stored";
  }

  /** What was appended meanwhile has set its own, shorter time; an idle minute must not take its place. */
  #scheduleNext(delayMs: number): void {
    if (!this.#isGrowthScheduled) this.#schedule(delayMs);
  }

  #schedule(delayMs: number): void {
    this.#cancel();
    if (this.#isStopped) return;
    this.#cancel = this.#parts.timer.after(delayMs, () => void this.publish());
  }
}
