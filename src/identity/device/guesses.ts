import { LRUCache } from "lru-cache";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";

interface Count {
  wrong: number;
  readonly endsAtMs: number;
}

/**
 * How often somebody has typed a user code that nobody waits under. Counted by person, whatever browser or address they
 * come from, and for everybody together: RFC 8628 section 5.1 wants guessing to be hopeless within a code's life.
 */
export class Guesses {
  readonly #clock: Clock;
  readonly #byPrincipal = new LRUCache<string, Count>({ max: 10_000 });
  #all: Count = { wrong: 0, endsAtMs: Number.NEGATIVE_INFINITY };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  mayGuess(principalId: string): boolean {
    const own = this.#current(this.#byPrincipal.get(principalId));
    const isOneTooMany = (own?.wrong ?? 0) >= limits.wrongUserCodesMax;
    return !isOneTooMany && (this.#current(this.#all)?.wrong ?? 0) < limits.wrongUserCodesTotalMax;
  }

  wrong(principalId: string): void {
    const own = this.#current(this.#byPrincipal.get(principalId)) ?? this.#none();
    own.wrong += 1;
    this.#byPrincipal.set(principalId, own);
    this.#all = this.#current(this.#all) ?? this.#none();
    this.#all.wrong += 1;
  }

  #none(): Count {
    return { wrong: 0, endsAtMs: this.#clock.monotonicMs() + limits.deviceCodeLifeMs };
  }

  #current(count: Count | undefined): Count | undefined {
    return count !== undefined && this.#clock.monotonicMs() < count.endsAtMs ? count : undefined;
  }
}
