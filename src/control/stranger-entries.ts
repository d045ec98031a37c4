import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";

/** How much of the log strangers may fill. What comes too fast is counted, and the count goes into the next entry. */
export interface StrangerEntries {
  /** Whether one more may be listed now. */
  take(): boolean;
  /** As a member of an entry's detail: how many went unlisted since the last one. */
  unlisted(): { readonly unlisted?: number };
}

export function strangerEntries(clock: Clock): StrangerEntries {
  // Owned here: what is left of this minute.
  let minuteEndsAtMs = Number.NEGATIVE_INFINITY;
  let left = 0;
  let passedOver = 0;
  return {
    take: () => {
      if (clock.monotonicMs() >= minuteEndsAtMs) {
        minuteEndsAtMs = clock.monotonicMs() + 60_000;
        left = limits.strangerEntriesPerMinuteMax;
      }
      if (left === 0) {
        passedOver += 1;
        return false;
      }
      left -= 1;
      return true;
    },
    unlisted: () => {
      const count = passedOver;
      passedOver = 0;
      return count > 0 ? { unlisted: count } : {};
    },
  };
}
