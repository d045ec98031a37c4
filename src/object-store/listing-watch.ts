import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";

/**
 * Looks at each page of a listing while it comes. A bucket is not trusted: one that answers with what was not asked for, goes
 * back, or has another page for ever would have us read for ever, or believe in what is elsewhere.
 */
export class ListingWatch {
  readonly #prefix: string;
  #pages = 0;
  /** UTF-8, in which buckets order their keys. */
  #last = Buffer.alloc(0);

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Throws `object_store_unreadable`. Within a page the order is not ours to demand: stores differ about versions. */
  see(keys: readonly string[]): void {
    this.#pages += 1;
    const sorted = keys.map((key) => Buffer.from(key, "utf8")).sort(Buffer.compare);
    const [first] = sorted;
    if (this.#pages > limits.listingPagesMax) throw unreadable("it has no end");
    if (keys.some((key) => !key.startsWith(this.#prefix)))
      throw unreadable("it lists what was not asked for");
    if (first !== undefined && Buffer.compare(this.#last, first) > 0) throw unreadable("it goes back");
    this.#last = sorted.at(-1) ?? this.#last;
  }
}

function unreadable(why: string): GatehouseError {
  return new GatehouseError("object_store_unreadable", `The object store's listing cannot be read: ${why}.`);
}
