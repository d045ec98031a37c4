import { LRUCache } from "lru-cache";
import { limits } from "#lib/limits";
import type { Principal } from "../principal.ts";
import type { StopCause } from "./stop-cause.ts";
import { scopeOf, scopesOf, type Whose } from "./whose.ts";

/**
 * Who was stopped while this server runs, in order. Whatever is opened by a proof that takes a while reads `count` before it
 * looks at the proof, and asks once what it opened is stored: a stop in between has not seen it.
 */
export class RecentStops {
  /** By scope. Nobody stops so many others while one proof is looked at: each stop is a durable write. */
  readonly #byScope = new LRUCache<string, { readonly number: number; readonly cause: StopCause }>({
    max: limits.recentStopsMax,
  });
  #count = 0;

  get count(): number {
    return this.#count;
  }

  note(whose: Whose | { readonly machine: string }, cause: StopCause): void {
    this.#count += 1;
    this.#byScope.set(scopeOf(whose), { number: this.#count, cause });
  }

  /** Why this principal was stopped after `count` was read; `undefined` when they were not. */
  causeSince(
    count: number,
    principal: Pick<Principal, "id" | "issuer" | "email">,
    machine?: string,
  ): StopCause | undefined {
    const own = machine === undefined ? [] : [scopeOf({ machine })];
    const noted = [...scopesOf(principal), ...own].flatMap((scope) => this.#byScope.get(scope) ?? []);
    return noted.find(({ number }) => number > count)?.cause;
  }
}
