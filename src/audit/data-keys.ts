import { randomBytes } from "node:crypto";
import { assert, GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { DataKey, dataKeyBytes, keyErased } from "./data-key.ts";
import type { KeyProvider } from "./key-provider.ts";
import type { AuditStore, LogSource, StoredDataKey } from "./store.ts";

/** What became of a key that something is sealed with. */
export type KeyFinding =
  | { readonly kind: "key"; readonly key: DataKey }
  | { readonly kind: "erased" }
  | { readonly kind: "missing" }
  /** It is there, wrapped, and cannot be unwrapped here and now; `code` as `KeyProvider` has it. */
  | { readonly kind: "locked"; readonly code: string; readonly why: string };

type KeySource = Pick<LogSource, "head" | "dataKey">;

/**
 * The data keys of one log, as far as its key providers open them. Opened ones are remembered, so that nothing waits for a
 * provider more than once a session. Owns the opened keys; `forget` overwrites one.
 */
export class DataKeys {
  readonly #source: KeySource;
  readonly #providers: readonly KeyProvider[];
  readonly #opened = new Map<string, Promise<DataKey>>();

  /** The first provider wraps new keys; the others only unwrap. Without any, nothing sealed can be opened. */
  constructor(source: KeySource, providers: readonly KeyProvider[]) {
    this.#source = source;
    this.#providers = providers;
  }

  /**
   * The key to seal with: of the session, or of the day. Rejects with `audit_refused` when it could not be kept or no
   * provider could be asked, `audit_key_erased` when it was destroyed, and whatever else the store rejects with.
   */
  keyFor(
    sessionId: string | undefined,
    at: Date,
    store: Pick<AuditStore, "dataKey" | "keepDataKey">,
  ): Promise<DataKey> {
    const id = sessionId ?? at.toISOString().slice(0, 10);
    const scope = sessionId === undefined ? "day" : "session";
    return this.#remembered(id) ?? this.#remember(id, this.#findOrMake({ id, scope, at }, store));
  }

  /** The key to read with. */
  async find(id: string): Promise<KeyFinding> {
    const known = this.#remembered(id);
    if (known !== undefined) return { kind: "key", key: await known };
    const stored = await this.#source.dataKey(id);
    if (stored.kind !== "wrapped") return stored;
    try {
      return { kind: "key", key: await this.#remember(id, this.#unwrap(id, stored)) };
    } catch (error) {
      if (error instanceof GatehouseError) return { kind: "locked", code: error.code, why: error.message };
      throw error;
    }
  }

  /** Overwrites the key wherever this process has it. */
  forget(id: string): void {
    this.#opened.get(id)?.then(
      (key) => key.forget(),
      () => undefined,
    );
    this.#opened.delete(id);
  }

  #remembered(id: string): Promise<DataKey> | undefined {
    const known = this.#opened.get(id);
    if (known === undefined) return undefined;
    // Used last, forgotten last: the sessions that run keep their keys while a provider is away.
    this.#opened.delete(id);
    this.#opened.set(id, known);
    return known;
  }

  #remember(id: string, opening: Promise<DataKey>): Promise<DataKey> {
    const [oldest] = this.#opened.keys();
    if (oldest !== undefined && this.#opened.size >= limits.dataKeysRememberedMax)
      this.#opened.delete(oldest);
    this.#opened.set(id, opening);
    // What failed is asked again the next time; whoever waits now gets the rejection.
    opening.catch(() => {
      if (this.#opened.get(id) === opening) this.#opened.delete(id);
    });
    return opening;
  }

  async #findOrMake(wanted: Wanted, store: Pick<AuditStore, "dataKey" | "keepDataKey">): Promise<DataKey> {
    const stored = await store.dataKey(wanted.id);
    switch (stored.kind) {
      case "wrapped":
        return refusedUnless(this.#unwrap(wanted.id, stored));
      case "erased":
        throw keyErased(wanted.id);
      case "missing":
        return this.#make(wanted, store);
    }
  }

  async #make({ id, scope, at }: Wanted, store: Pick<AuditStore, "keepDataKey">): Promise<DataKey> {
    const [provider] = this.#providers;
    assert(provider !== undefined, "whoever writes a log has a key provider");
    const candidate = randomBytes(dataKeyBytes);
    try {
      const bytes = await refusedUnless(provider.wrap(candidate, await this.#name(id)));
      const kept = await store.keepDataKey({ keyId: id, scope, wrapped: bytes, by: provider.name, at });
      if (kept.kind === "refused") throw new GatehouseError("audit_refused", kept.why);
      if (kept.kind !== "wrapped") throw keyErased(id);
      // Somebody else may have been first.
      const isOurs = kept.by === provider.name && Buffer.compare(kept.bytes, bytes) === 0;
      return isOurs ? new DataKey(id, candidate) : await refusedUnless(this.#unwrap(id, kept));
    } finally {
      candidate.fill(0);
    }
  }

  async #unwrap(id: string, { by, bytes }: Extract<StoredDataKey, { kind: "wrapped" }>): Promise<DataKey> {
    const provider = this.#providers.find(({ name }) => name === by);
    if (provider === undefined)
      throw new GatehouseError("wrapping_key_missing", `The key of ${id} is wrapped by ${by}.`);
    const dataKey = await provider.unwrap(bytes, await this.#name(id));
    if (dataKey.byteLength !== dataKeyBytes)
      throw new GatehouseError("wrapped_key_broken", `The key of ${id} has a wrong length.`);
    const key = new DataKey(id, dataKey);
    dataKey.fill(0);
    return key;
  }

  async #name(keyId: string): Promise<{ origin: string; keyId: string }> {
    return { origin: (await this.#source.head())?.origin ?? "", keyId };
  }
}

interface Wanted {
  readonly id: string;
  readonly scope: "session" | "day";
  readonly at: Date;
}

/** Without its key nothing is recorded, and so nothing is forwarded: whatever a provider says, it is that refusal. */
async function refusedUnless<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof GatehouseError) || !ofProviders.has(error.code)) throw error;
    const why = `the key of its records cannot be had: ${error.message}`;
    throw new GatehouseError("audit_refused", `Nothing was recorded, so nothing is forwarded: ${why}`, {
      cause: error,
    });
  }
}

const ofProviders: ReadonlySet<string> = new Set([
  "key_provider_unavailable",
  "wrapping_key_missing",
  "wrapped_key_broken",
]);
