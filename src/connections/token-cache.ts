import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";
import type { IssuedToken } from "./token-source.ts";

interface Held {
  readonly token: Secret;
  readonly refreshAtMs: number;
  readonly endsAtMs: number;
}

/** One token of one identity: fetched once however many calls wait for it, and renewed before its end. */
export class TokenCache {
  readonly #fetch: () => Promise<IssuedToken>;
  readonly #clock: Clock;
  #held: Held | undefined;
  #pending: Promise<Secret> | undefined;
  #failure: { readonly error: unknown; readonly untilMs: number } | undefined;

  constructor(fetch: () => Promise<IssuedToken>, clock: Clock) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** Rejects with what `fetch` rejected with. */
  async token(): Promise<Secret> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#held !== undefined && nowMs < this.#held.refreshAtMs) return this.#held.token;
    if (this.#failure !== undefined && nowMs < this.#failure.untilMs) return this.#alive(this.#failure.error);
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #renew(): Promise<Secret> {
    try {
      const { token, lifeMs } = await this.#fetch();
      const nowMs = this.#clock.monotonicMs();
      // A token of a short life is renewed at half of it.
      const marginMs = Math.min(limits.tokenRefreshMarginMs, lifeMs / 2);
      this.#held = { token, refreshAtMs: nowMs + lifeMs - marginMs, endsAtMs: nowMs + lifeMs };
      this.#failure = undefined;
      return token;
    } catch (error) {
      this.#failure = { error, untilMs: this.#clock.monotonicMs() + limits.tokenFailureHoldMs };
      return this.#alive(error);
    }
  }

  /** Renewal comes early so that a token server may be away for some minutes without anybody noticing. */
  #alive(error: unknown): Secret {
    if (this.#held !== undefined && this.#clock.monotonicMs() < this.#held.endsAtMs) return this.#held.token;
    throw error;
  }
}
