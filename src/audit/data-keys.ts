import { randomBytes } from "node:crypto";
import { assert, GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { DataKey, dataKeyBytes, keyErased } from "./data-key.ts";
import type { KeyProvider } from "./key-provider.ts";
import { LentKey } from "./lent-key.ts";
import { type AuditStore, isUnanswered, type LogSource, type StoredDataKey } from "./store.ts";

/** What became of a key that something is sealed with. */
export type KeyFinding<T> =
  /** It was there; `value` is what was made with it. */
  | { readonly kind: "used"; readonly value: T }
  | { readonly kind: "erased" }
  | { readonly kind: "missing" }
  /** It is there, wrapped, and cannot be unwrapped here and now; `code` as `KeyProvider` has it. */
  | { readonly kind: "locked"; readonly code: string; readonly why: string };

/** What a key is made with; it must not keep the key beyond its own return. */
export type KeyUse<T> = (key: DataKey) => T;

type KeySource = Pick<LogSource, "head" | "dataKey">;

/** Somebody who has asked the store for a key and has no answer yet. */
interface Search {
  readonly id: string;
  /** The key was destroyed meanwhile: the answer may still have it. */
  isTooLate: boolean;
}

/**
 * The data keys of one log, as far as its key providers open them. Opened ones are remembered, so that nothing waits for a
 * provider more than once a session. Owns the opened keys and only lends them; `forget` overwrites one, and one that
 * has to make room is overwritten as well.
 */
export class DataKeys {
  readonly #source: KeySource;
  readonly #providers: readonly KeyProvider[];
  readonly #opened = new Map<string, LentKey>();
  /** Made room for others while somebody used them. */
  readonly #leaving = new Set<LentKey>();
  readonly #searches = new Set<Search>();

  /** The first provider wraps new keys; the others only unwrap. Without any, nothing sealed can be opened. */
  constructor(source: KeySource, providers: readonly KeyProvider[]) {
    this.#source = source;
    this.#providers = providers;
  }

  /** Whether anything at all could be opened here. */
  get hasProviders(): boolean {
    return this.#providers.length > 0;
  }

  /**
   * Lends the key to seal with: of the session, or of the day. Rejects with `audit_refused` when it could not be kept or no
   * provider could be asked, `audit_key_erased` when it was destroyed, and whatever else the store rejects with.
   */
  keyFor<T>(
    { sessionId, at }: { readonly sessionId: string | undefined; readonly at: Date },
    store: Pick<AuditStore, "dataKey" | "keepDataKey">,
    use: KeyUse<T>,
  ): Promise<T> {
    const id = sessionId ?? at.toISOString().slice(0, 10);
    const scope = sessionId === undefined ? "day" : "session";
    const known = this.#remembered(id) ?? this.#remember(id, this.#findOrMake({ id, scope, at }, store));
    return known.use(use);
  }

  /** Lends the key to read with. */
  async find<T>(id: string, use: KeyUse<T>): Promise<KeyFinding<T>> {
    const search: Search = { id, isTooLate: false };
    this.#searches.add(search);
    try {
      const found = this.#remembered(id) ?? (await this.#search(search));
      return found instanceof LentKey ? { kind: "used", value: await found.use(use) } : found;
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error;
      if (error.code === "audit_key_erased") return { kind: "erased" };
      return { kind: "locked", code: error.code, why: error.message };
    } finally {
      this.#searches.delete(search);
    }
  }

  /** Overwrites the key wherever this process has it, or is about to have it. */
  forget(id: string): void {
    this.#opened.get(id)?.destroy();
    this.#opened.delete(id);
    for (const key of this.#leaving) if (key.id === id) key.destroy();
    for (const search of this.#searches) if (search.id === id) search.isTooLate = true;
  }

  /** What the store answered may be older than an erasure, or than somebody else's answer. */
  async #search(search: Search): Promise<LentKey | Exclude<KeyFinding<never>, { kind: "used" }>> {
    const { id } = search;
    const stored = await this.#source.dataKey(id);
    if (search.isTooLate) return { kind: "erased" };
    if (stored.kind !== "wrapped") return stored;
    return this.#remembered(id) ?? this.#remember(id, this.#unwrap(id, stored));
  }

  #remembered(id: string): LentKey | undefined {
    const known = this.#opened.get(id);
    if (known === undefined) return undefined;
    // Used last, forgotten last: the sessions that run keep their keys while a provider is away.
    this.#opened.delete(id);
    this.#opened.set(id, known);
    return known;
  }

  #remember(id: string, opening: Promise<DataKey>): LentKey {
    this.#makeRoom();
    const key = new LentKey(id, opening);
    this.#opened.set(id, key);
    // What failed is asked again the next time; whoever waits now gets the rejection.
    opening.catch(() => {
      if (this.#opened.get(id) === key) this.#opened.delete(id);
    });
    return key;
  }

  #makeRoom(): void {
    const [oldest] = this.#opened.values();
    if (oldest === undefined || this.#opened.size < limits.dataKeysRememberedMax) return;
    this.#opened.delete(oldest.id);
    this.#leaving.add(oldest);
    oldest.letGo(() => this.#leaving.delete(oldest));
  }

  async #findOrMake(wanted: Wanted, store: Pick<AuditStore, "dataKey" | "keepDataKey">): Promise<DataKey> {
    const stored = await refusedUnless(store.dataKey(wanted.id));
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
      const name = await refusedUnless(this.#name(id));
      const bytes = await refusedUnless(provider.wrap(candidate, name));
      const kept = await store.keepDataKey({ keyId: id, scope, wrapped: bytes, by: provider.name, at });
      if (kept.kind === "refused") throw new GatehouseError("audit_refused", kept.why);
      if (kept.kind !== "wrapped") throw keyErased(id);
      // Somebody else may have been first.
      const isOurs = kept.by === provider.name && Buffer.compare(kept.bytes, bytes) === 0;
      return isOurs ? DataKey.derive(id, candidate) : await refusedUnless(this.#unwrap(id, kept));
    } finally {
      candidate.fill(0);
    }
  }

  async #unwrap(id: string, { by, bytes }: Extract<StoredDataKey, { kind: "wrapped" }>): Promise<DataKey> {
    const provider = this.#providers.find(({ name }) => name === by);
    if (provider === undefined) {
      await this.#requireForeign(id, { by, bytes });
      throw new GatehouseError("wrapping_key_missing", `The key of ${id} is wrapped by ${by}.`);
    }
    const dataKey = await provider.unwrap(bytes, await this.#name(id));
    try {
      if (dataKey.byteLength === dataKeyBytes) return DataKey.derive(id, dataKey);
      throw new GatehouseError("wrapped_key_broken", `The key of ${id} has a wrong length.`);
    } finally {
      dataKey.fill(0);
    }
  }

  /** Whoever writes another provider's name beside a wrapped key hides what it opens; the key itself says who wrapped it. */
  async #requireForeign(id: string, { by, bytes }: { by: string; bytes: Uint8Array }): Promise<void> {
    for (const provider of this.#providers) {
      const opened = await this.#unwrapped(provider, id, bytes);
      if (opened === undefined) continue;
      opened.fill(0);
      throw new GatehouseError(
        "wrapped_key_broken",
        `The key of ${id} was wrapped by ${provider.name}, and is said to be wrapped by ${by}.`,
      );
    }
  }

  /** `undefined`: this provider did not wrap it, or cannot say. */
  async #unwrapped(provider: KeyProvider, id: string, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return await provider.unwrap(bytes, await this.#name(id));
    } catch (error) {
      if (error instanceof GatehouseError && ofProviders.has(error.code)) return undefined;
      throw error;
    }
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

/** Without its key nothing is recorded, and so nothing is forwarded: whatever keeps it from us now, it is that refusal. */
async function refusedUnless<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    const isForNow = isUnanswered(error) || (error instanceof GatehouseError && ofProviders.has(error.code));
    if (!isForNow) throw error;
    const why = `the key of its records cannot be had: ${messageOf(error)}`;
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
