import type { Timer } from "#lib/timer";

/** Time that passes only when the test says so. */
export interface ManualTimer extends Timer {
  /** Runs everything that is due within the next `ms`, in order. */
  pass(ms: number): void;
  /** How many calls are waiting. */
  readonly waiting: number;
}

export function manualTimer(): ManualTimer {
  let now = 0;
  const due = new Map<symbol, { at: number; act: () => void }>();
  return {
    after(delayMs, act) {
      const id = Symbol();
      due.set(id, { at: now + delayMs, act });
      return () => void due.delete(id);
    },
    pass(ms) {
      now += ms;
      for (const [id, { at, act }] of [...due].sort(([, one], [, other]) => one.at - other.at)) {
        if (at > now) continue;
        due.delete(id);
        act();
      }
    },
    get waiting() {
      return due.size;
    },
  };
}
