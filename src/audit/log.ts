import type { Clock } from "#lib/clock";
import { assert, GatehouseError, messageOf } from "#lib/errors";
import { newId } from "#lib/ids";
import type { Timer } from "#lib/timer";
import { hashLeaf, type NoteSigner, parseVerifierKey, type Verifier } from "#tlog";
import { type About, aboutOf } from "./about.ts";
import { sealAttachment } from "./attachment.ts";
import { type DataKey, keyErased } from "./data-key.ts";
import type { DataKeys } from "./data-keys.ts";
import type { AuditLog, NewEntry, Receipt } from "./entry.ts";
import { encodeLeaf, keptOf, parseLeaf } from "./leaf.ts";
import { Publisher } from "./publisher.ts";
import type { Appended, AuditStore, EntryRow, StoredEntry } from "./store.ts";
import { checkStoredLog } from "./stored-log.ts";

/** For acts that must be on record or not be done: the entry and what it says are written in one transaction. */
export interface ActLog {
  /** `write` stores the row together with the act, or declines. Rejects as `append` does. */
  appendWith<Why extends string>(
    entry: NewEntry,
    write: (row: EntryRow) => Promise<Appended<Why>>,
  ): Promise<
    | { readonly kind: "recorded"; readonly receipt: Receipt }
    | { readonly kind: "declined"; readonly why: Why }
  >;
}

export interface AuditLogParts {
  readonly store: AuditStore;
  /** What entries are sealed with; shared with whoever reads them, so that one `forget` is enough. */
  readonly keys: DataKeys;
  /** The log key; its name is the log's origin. */
  readonly signer: NoteSigner;
  readonly clock: Clock;
  readonly timer: Timer;
  /**
   * Called once, when the log has stopped because nobody knows what is on disk. Nothing is recorded from then on, so
   * nothing may be forwarded: stop the server.
   */
  readonly onFailed: (error: GatehouseError) => void;
}

export interface OpenAuditLog extends AuditLog, ActLog {
  readonly origin: string;
  /** For whoever checks the log: `origin+key id+key`. */
  readonly verifierKey: string;
  /** So many entries are in the tree. */
  readonly integratedSize: number;
  /** Refuses new entries, waits for those under way, signs a last checkpoint. The store stays open. */
  close(): Promise<void>;
}

/**
 * Opens the log for the one process that writes it. Refuses (`audit_log_damaged`, `audit_log_foreign`) a stored log
 * that is not what was signed; records an unknown outcome for every exchange that a crash left unfinished.
 */
export async function openAuditLog(parts: AuditLogParts): Promise<OpenAuditLog> {
  const verifier = parseVerifierKey(parts.signer.verifierKey);
  assert(verifier !== undefined, "the log key has a verifier key");
  await requireOwnLog(parts.store, verifier);
  const frontier = await checkStoredLog(parts.store, verifier);
  const log = new Log(parts, verifier, frontier);
  if (frontier.size === 0) await log.append({ kind: "log.open" });
  await recordUnknownOutcomes(log, parts.store);
  await log.publishFirst();
  return log;
}

async function requireOwnLog(store: AuditStore, verifier: Verifier): Promise<void> {
  const created = await store.create(verifier.name);
  if (created.kind === "refused") throw new GatehouseError("audit_refused", created.why);
  const head = await store.head();
  if (head?.origin === verifier.name) return;
  throw new GatehouseError(
    "audit_log_foreign",
    `The data folder holds the log "${head?.origin ?? ""}", and this server is configured to write "${verifier.name}". One folder, one log.`,
  );
}

/** Together, so that they share syncs; in groups, so that a long list does not flood the store. */
async function recordUnknownOutcomes(log: AuditLog, store: AuditStore): Promise<void> {
  const intents = await store.unfinishedIntents();
  for (let from = 0; from < intents.length; from += unknownOutcomesAtOnce) {
    const group = intents.slice(from, from + unknownOutcomesAtOnce);
    await Promise.all(
      group.map(async (intent) => log.append(unknownOutcomeOf(intent, await store.aboutOf(intent.index)))),
    );
  }
}

/** What we know of an exchange whose intent is on record and whose end is not: it may have happened. */
function unknownOutcomeOf(intent: StoredEntry, { resource }: About): NewEntry {
  const leaf = parseLeaf(intent.leaf);
  assert(leaf?.exchange !== undefined, "an intent names its exchange");
  return {
    kind: "outcome.unknown",
    exchangeId: leaf.exchange,
    ...(leaf.session === undefined ? {} : { sessionId: leaf.session }),
    ...(leaf.operation === undefined ? {} : { operation: leaf.operation }),
    ...(leaf.class === undefined ? {} : { class: leaf.class }),
    ...(resource === undefined ? {} : { resource }),
  };
}

type Recorded<Why> =
  | { readonly kind: "recorded"; readonly receipt: Receipt }
  | { readonly kind: "declined"; readonly why: Why };

class Log implements OpenAuditLog {
  readonly origin: string;
  readonly verifierKey: string;
  readonly #parts: AuditLogParts;
  readonly #publisher: Publisher;
  readonly #underWay = new Set<Promise<unknown>>();
  #failure: GatehouseError | undefined;
  #isClosed = false;

  constructor(
    parts: AuditLogParts,
    verifier: Verifier,
    frontier: ConstructorParameters<typeof Publisher>[1],
  ) {
    this.#parts = parts;
    this.origin = verifier.name;
    this.verifierKey = parts.signer.verifierKey;
    const { store, signer, clock, timer } = parts;
    const onFailed = (error: unknown): void => void this.#fail(error);
    this.#publisher = new Publisher({ store, signer, clock, timer, origin: this.origin, onFailed }, frontier);
  }

  get integratedSize(): number {
    return this.#publisher.integratedSize;
  }

  /**
   * Rejects with `entry_invalid` (a programmer's mistake), `audit_refused` (no room, or too busy: nothing was
   * recorded, later may work), `audit_log_closed`, or `audit_log_failed` (final).
   */
  async append(entry: NewEntry): Promise<Receipt> {
    const { store } = this.#parts;
    const appended = await this.appendWith(entry, (row) => store.append(row));
    if (appended.kind === "recorded") return appended.receipt;
    throw keyErased(entry.sessionId ?? "this day");
  }

  /** The same, with what the entry says in one transaction. */
  async appendWith<Why extends string>(
    entry: NewEntry,
    write: (row: EntryRow) => Promise<Appended<Why>>,
  ): Promise<Recorded<Why>> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed)
      throw new GatehouseError("audit_log_closed", "The audit log is closed; nothing can be recorded.");
    const appended = this.#append(entry, write);
    this.#underWay.add(appended);
    try {
      return await appended;
    } finally {
      this.#underWay.delete(appended);
    }
  }

  async publishFirst(): Promise<void> {
    await this.#publisher.publish();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
    if (this.#failure === undefined) await this.#publisher.close();
  }

  async #append<Why extends string>(
    entry: NewEntry,
    write: (row: EntryRow) => Promise<Appended<Why>>,
  ): Promise<Recorded<Why>> {
    const row = await this.#seal(entry);
    // What was integrated before we asked lies below the index that we are given. What is integrated while we wait need not: a
    // reader may see our own entry sooner than we hear of it.
    const integrated = this.#publisher.integratedSize;
    const result = await this.#trust(write(row));
    if (result.kind === "declined") return result;
    if (result.kind === "refused") {
      throw new GatehouseError(
        "audit_refused",
        `Nothing was recorded, so nothing is forwarded: ${result.why}`,
      );
    }
    if (result.index < integrated) {
      throw this.#fail(
        new GatehouseError("assertion_failed", `the store gave out index ${result.index} twice`),
      );
    }
    this.#publisher.grown();
    return {
      kind: "recorded",
      receipt: { origin: this.origin, index: result.index, leafHash: row.leafHash },
    };
  }

  /** From here on there is ciphertext only. */
  async #seal(entry: NewEntry): Promise<EntryRow> {
    const { clock, store, keys } = this.#parts;
    const at = clock.now();
    const id = newId("rec", clock);
    const kept = keptOf(entry);
    const scope = entry.isKeptFromErasure ? undefined : entry.sessionId;
    const seal = (key: DataKey) => ({
      keyId: key.id,
      attachments: kept.map((each) => sealAttachment(each, id, key)),
    });
    const sealed =
      kept.length === 0
        ? { keyId: undefined, attachments: [] }
        : await this.#trust(keys.keyFor({ sessionId: scope, at }, store, seal));
    const { keyId, attachments } = sealed;
    const commitments = attachments.map(({ commitment }) => commitment);
    const leaf = encodeLeaf(entry, { id, at, keyId, commitments });
    return { leaf, leafHash: hashLeaf(leaf), attachments, keyId, about: aboutOf(entry) };
  }

  /** A rejection of the store that we do not know says that nobody knows what is on disk. */
  async #trust<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      if (error instanceof GatehouseError && harmless.has(error.code)) throw error;
      throw this.#fail(error);
    }
  }

  #fail(cause: unknown): GatehouseError {
    if (this.#failure === undefined) {
      this.#failure = new GatehouseError(
        "audit_log_failed",
        `The audit log has stopped, and everything is refused until Gatehouse is restarted: ${messageOf(cause)}`,
        { cause },
      );
      this.#publisher.abandon();
      this.#parts.onFailed(this.#failure);
    }
    return this.#failure;
  }
}

const unknownOutcomesAtOnce = 256;
/** Ours, from `DataKeys`. */
const harmless: ReadonlySet<string> = new Set(["audit_refused", "audit_key_erased"]);
