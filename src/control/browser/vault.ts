import { createHash, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "#lib/clock";

export interface VaultLimits {
  readonly max: number;
  readonly lifeMs: number;
}

/**
 * Keeps something for a browser under a random name that only its cookie knows. In memory, by the name's digest: after a
 * restart people sign in again, and a memory dump holds no cookie.
 */
export class Vault<Kept> {
  readonly #kept: LRUCache<string, { readonly value: Kept; readonly endsAtMs: number }>;
  readonly #clock: Clock;
  readonly #lifeMs: number;

  constructor({ max, lifeMs }: VaultLimits, clock: Clock) {
    this.#kept = new LRUCache({ max });
    this.#clock = clock;
    this.#lifeMs = lifeMs;
  }

  /** Returns the name: 256 random bits, always a new one, whatever the browser sent. */
  put(value: Kept): string {
    const name = randomBytes(32).toString("base64url");
    this.#kept.set(digestOf(name), { value, endsAtMs: this.#clock.monotonicMs() + this.#lifeMs });
    return name;
  }

  get(name: string | undefined): Kept | undefined {
    const found = name === undefined ? undefined : this.#kept.get(digestOf(name));
    return found !== undefined && this.#clock.monotonicMs() < found.endsAtMs ? found.value : undefined;
  }

  /** For what counts once. */
  take(name: string | undefined): Kept | undefined {
    const value = this.get(name);
    this.remove(name);
    return value;
  }

  /** Removes whatever fits, and says how much of it still counted. */
  removeWhere(fits: (value: Kept) => boolean): number {
    const now = this.#clock.monotonicMs();
    const found = [...this.#kept].filter(([, { value }]) => fits(value));
    for (const [digest] of found) this.#kept.delete(digest);
    return found.filter(([, { endsAtMs }]) => now < endsAtMs).length;
  }

  remove(name: string | undefined): void {
    if (name !== undefined) this.#kept.delete(digestOf(name));
  }
}

function digestOf(name: string): string {
  return createHash("sha256").update(name).digest("base64url");
}
