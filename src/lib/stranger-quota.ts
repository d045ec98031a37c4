import type { Clock } from "./clock.ts";
import { limits } from "./limits.ts";

/** How much of the log strangers may fill. What comes too fast is counted, and the count goes into the next entry. */
export interface StrangerQuota {
  take(): boolean;
  /** How many were turned away unlisted since the last call. */
  unlisted(): number;
}

export function createStrangerQuota(clock: Clock): StrangerQuota {
  // Owned here: what is left of this minute.
  let minuteEndsAtMs = Number.NEGATIVE_INFINITY;
  let entriesLeft = 0;
  let dropped = 0;
  return {
    take: () => {
      const now = clock.monotonicMs();
      if (now >= minuteEndsAtMs) {
        minuteEndsAtMs = now + 60_000;
        entriesLeft = limits.strangerEntriesPerMinuteMax;
      }
      if (entriesLeft === 0) {
        dropped += 1;
        return false;
      }
      entriesLeft -= 1;
      return true;
    },
    unlisted: () => {
      const count = dropped;
      dropped = 0;
      return count;
    },
  };
}
