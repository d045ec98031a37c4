import { randomBytes } from "node:crypto";
import { GatehouseError } from "#lib/errors";
import type { AuditStore } from "./store.ts";

export interface MacKey {
  readonly id: string;
  readonly key: Uint8Array;
}

/** 32 bytes exactly: HMAC pads shorter keys, so that two keys would give one digest. */
const macKeyBytes = 32;
/** Sessions last hours and number in the hundreds; a forgotten key is read again. */
const rememberedMax = 1_000;

/**
 * The keys of the digests: one for each session, one for each day for entries without a session. Owned by the log.
 * Destroying a key makes its digests say nothing, which is what erasure needs.
 */
export class MacKeys {
  readonly #store: AuditStore;
  readonly #remembered = new Map<string, Promise<Uint8Array>>();

  constructor(store: AuditStore) {
    this.#store = store;
  }

  /** Rejects with `audit_refused` when the key could not be kept, `audit_key_erased` when it was destroyed. */
  async keyFor(sessionId: string | undefined, at: Date): Promise<MacKey> {
    const id = sessionId ?? at.toISOString().slice(0, 10);
    let known = this.#remembered.get(id);
    if (known === undefined) {
      known = this.#keep(id);
      this.#remember(id, known);
    }
    return { id, key: await known };
  }

  async #keep(id: string): Promise<Uint8Array> {
    const kept = await this.#store.keepMacKey(id, randomBytes(macKeyBytes));
    if (kept.kind === "key" && kept.key.byteLength === macKeyBytes) return kept.key;
    if (kept.kind === "refused") throw new GatehouseError("audit_refused", kept.why);
    throw new GatehouseError(
      "audit_key_erased",
      `The records of ${id} were erased; nothing can be added to them.`,
    );
  }

  #remember(id: string, known: Promise<Uint8Array>): void {
    if (this.#remembered.size >= rememberedMax) this.#remembered.clear();
    this.#remembered.set(id, known);
    // What failed is asked again the next time; whoever waits now gets the rejection.
    known.catch(() => this.#remembered.delete(id));
  }
}
