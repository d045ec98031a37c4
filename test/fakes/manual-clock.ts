import type { Clock } from "#lib/clock";

export interface ManualClock extends Clock {
  pass(ms: number): void;
}

export function manualClock(start = "2026-11-24T12:00:00.000Z"): ManualClock {
  let ms = Date.parse(start);
  return {
    now: () => new Date(ms),
    monotonicMs: () => ms,
    pass(by) {
      ms += by;
    },
  };
}
