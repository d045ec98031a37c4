import type { Timer } from "#lib/timer";

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Calls that wait for people. Owns the waits and their timers; knows nothing of what is waited for. */
export class WaitingRoom {
  readonly #timer: Timer;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  /** `over` resolves when woken, after the time, or on abort. `leave` must be called in the end. */
  enter(id: string, { timeoutMs, signal }: WaitOptions): { readonly over: Promise<void>; leave(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(resolve));
    const cancel = this.#timer.after(timeoutMs, resolve);
    const onAbort = (): void => resolve();
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) resolve();
    const leave = (): void => {
      cancel();
      signal.removeEventListener("abort", onAbort);
      waiting.delete(resolve);
      if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
    };
    return { over: promise, leave };
  }

  wake(id: string): void {
    for (const resolve of this.#waiting.get(id) ?? []) resolve();
  }

  wakeAll(): void {
    for (const id of this.#waiting.keys()) this.wake(id);
  }
}
