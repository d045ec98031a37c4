import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";
import type { IssuedToken } from "./token-source.ts";

/** Every credential that was handed out and may still be in an answer on its way. */
export class IssuedCredentials {
  readonly #clock: Clock;
  #known: { readonly token: Secret; readonly forgetAtMs: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add({ token, lifeMs }: IssuedToken): void {
    const nowMs = this.#clock.monotonicMs();
    const value = token.reveal();
    this.#known = this.#known.filter((each) => nowMs < each.forgetAtMs && each.token.reveal() !== value);
    this.#known.push({ token, forgetAtMs: nowMs + lifeMs + limits.ownCredentialSlackMs });
    if (this.#known.length > limits.ownCredentialsMax) this.#known.shift();
  }

  list(): readonly Secret[] {
    const nowMs = this.#clock.monotonicMs();
    return this.#known.filter((each) => nowMs < each.forgetAtMs).map(({ token }) => token);
  }
}
