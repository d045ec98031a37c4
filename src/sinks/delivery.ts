import { type Keyring, openDetail, parseLeaf } from "#audit";
import type { OcsfSource } from "#exports";
import type { Clock } from "#lib/clock";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { Timer } from "#lib/timer";
import { hashLeaf, isSameHash } from "#tlog";
import { renderEntry } from "./render.ts";
import type { Batch, ConfiguredSink, OutgoingEntry, RenderedEntry, SinkStatus, SinkStore } from "./sink.ts";

/** What a delivery tells whoever runs the server; sentences are for the log. */
export interface SinkLog {
  info(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
  error(facts: object, sentence: string): void;
}

export interface DeliveryParts {
  readonly store: SinkStore;
  readonly source: OcsfSource;
  /** What details are opened with. */
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly timer: Timer;
  /** 0 to 1. */
  readonly random: () => number;
  readonly log: SinkLog;
}

/** What one round came to. */
export type Round = "delivered" | "idle" | "failed";

/**
 * Tells one sink what is published, in order of index, at least once. The log is the queue: a sink that is down only lags.
 * The cursor moves after the receiver has a batch, so a crash in between sends it again. It owns its timer and the memory
 * of how it went; the cursor is in the store.
 */
export class Delivery {
  readonly #configured: ConfiguredSink;
  readonly #parts: DeliveryParts;
  readonly #stop = new AbortController();
  #cancel: () => void = () => undefined;
  #underWay: Promise<unknown> = Promise.resolve();
  #next = 0;
  #published = 0;
  /** When the oldest entry that is still to be sent was written. */
  #oldestAt: string | undefined;
  #failures = 0;
  #problem: string | undefined;
  /** What was last said of a sink that is down, and when. */
  #said: { readonly code: string; readonly at: number } | undefined;
  #wasLagging = false;

  constructor(configured: ConfiguredSink, parts: DeliveryParts) {
    this.#configured = configured;
    this.#parts = parts;
  }

  start(): void {
    this.#schedule(0);
  }

  /** Ends the attempt under way; what it had sent comes again after the next start. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#cancel();
    await this.#underWay;
    await this.#configured.sink.close();
  }

  status(): SinkStatus {
    const { name, kind } = this.#configured;
    const lagEntries = Math.max(0, this.#published - this.#next);
    const lagMs = this.#lagMs();
    const isLagging = lagMs > limits.sinkLagMsMax;
    return {
      name,
      kind,
      next: this.#next,
      lagEntries,
      lagMs,
      isLagging,
      failures: this.#failures,
      problem: this.#problem,
    };
  }

  /** One attempt. Never rejects. */
  async round(): Promise<Round> {
    try {
      const round = await this.#deliverNext();
      if (round === "delivered") this.#worked();
      return round;
    } catch (error) {
      this.#failed(error);
      return "failed";
    } finally {
      this.#noteLag();
    }
  }

  #lagMs(): number {
    return Math.max(0, this.#ageMs());
  }

  /** Of the oldest entry that is still to be sent. Below 0 when it is dated ahead: the clock was set back since. */
  #ageMs(): number {
    if (this.#oldestAt === undefined) return 0;
    return this.#parts.clock.now().getTime() - Date.parse(this.#oldestAt);
  }

  async #deliverNext(): Promise<Round> {
    const { name, sink } = this.#configured;
    const { store, source, keyring } = this.#parts;
    const entries = await this.#waiting();
    if (!this.#isDue(entries)) return "idle";
    const batch = await cutBatch(entries, this.#configured, { source, keyring });
    await sink.deliver(batch, this.#stop.signal);
    const step = { from: batch.first, to: batch.last + 1 };
    // Not advanced: an operator moved the cursor meanwhile, and it is theirs that counts.
    this.#next = (await store.advance(name, step)) ? step.to : await store.cursor(name);
    this.#oldestAt = timeOf(entries.find(({ index }) => index === this.#next));
    return "delivered";
  }

  /** What is published and not sent, as much of it as a batch may be. Throws `audit_log_damaged` rather than skip. */
  async #waiting(): Promise<readonly OutgoingEntry[]> {
    const { name, batch, withDetail } = this.#configured;
    const { store } = this.#parts;
    this.#next = await store.cursor(name);
    this.#published = await store.publishedSize();
    // Another log under the same name: what it holds below the cursor would never be sent.
    if (this.#next > this.#published) {
      throw new GatehouseError(
        "audit_log_damaged",
        `The log has ${this.#published} published entries, and ${name} was told of ${this.#next}. Was it replaced?`,
      );
    }
    const to = Math.min(this.#published, this.#next + batch.entries);
    const found = to > this.#next ? await store.entries({ from: this.#next, to }, withDetail) : [];
    checkFound(found, { from: this.#next, to });
    this.#oldestAt = timeOf(found[0]);
    return found;
  }

  #isDue(entries: readonly OutgoingEntry[]): boolean {
    const { batch } = this.#configured;
    if (entries.length === 0) return false;
    const ageMs = this.#ageMs();
    // Dated ahead, nobody knows how long it has waited; waiting for the clock to come back could take days.
    return entries.length >= batch.entries || ageMs < 0 || ageMs >= batch.waitMs;
  }

  #worked(): void {
    const facts = { sink: this.#configured.name, next: this.#next, failures: this.#failures };
    if (this.#failures > 0) this.#parts.log.info(facts, "a sink takes entries again");
    this.#said = undefined;
    this.#failures = 0;
    this.#problem = undefined;
  }

  #failed(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#failures += 1;
    this.#problem = messageOf(error);
    this.#sayDown(error);
  }

  /** Once when it goes down, again when it fails in another way, and every so often while it stays so: retries are many. */
  #sayDown(error: unknown): void {
    const now = this.#parts.clock.now().getTime();
    const isExpected = error instanceof GatehouseError;
    const code = isExpected ? error.code : "unexpected";
    const isNews = this.#said?.code !== code;
    if (!isNews && now - (this.#said?.at ?? 0) < limits.sinkDownSaidMs) return;
    this.#said = { code, at: now };
    const facts = { sink: this.#configured.name, next: this.#next, failures: this.#failures };
    // A receiver that cannot be reached has no stack of ours to look at; what nobody expected has.
    const why = isExpected ? { code, problem: error.message } : { err: error };
    const sentence = isNews
      ? "a sink does not take entries; they come again"
      : "a sink still does not take entries";
    this.#parts.log.warn({ ...facts, ...why }, sentence);
  }

  /** Said once when it begins, and once when it is over. */
  #noteLag(): void {
    const { name, lagEntries, lagMs, isLagging } = this.status();
    if (isLagging === this.#wasLagging) return;
    this.#wasLagging = isLagging;
    if (isLagging) this.#parts.log.error({ sink: name, lagEntries, lagMs }, "a sink is lagging");
    else this.#parts.log.info({ sink: name }, "a sink has caught up");
  }

  #schedule(delayMs: number): void {
    if (this.#stop.signal.aborted) return;
    this.#cancel = this.#parts.timer.after(delayMs, () => {
      this.#underWay = this.round().then((round) => this.#schedule(this.#delayAfter(round)));
    });
  }

  #delayAfter(round: Round): number {
    switch (round) {
      case "delivered":
        return 0;
      case "idle":
        return limits.sinkLookMs;
      case "failed": {
        const doubled = limits.sinkRetryMsMin * 2 ** Math.min(this.#failures - 1, 20);
        // Half of it is chance, so that many gateways do not knock at once when a receiver comes back.
        return Math.min(doubled, limits.sinkRetryMsMax) * (0.5 + this.#parts.random() / 2);
      }
    }
  }
}

/** Throws `audit_log_damaged` for an entry that is missing, and for one whose bytes are not those that were hashed. */
function checkFound(found: readonly OutgoingEntry[], { from, to }: { from: number; to: number }): void {
  for (let index = from; index < to; index += 1) {
    const entry = found[index - from];
    if (entry?.index !== index) throw damaged(`Entry ${index} is missing from the log.`);
    if (!isSameHash(hashLeaf(entry.leaf), entry.leafHash))
      throw damaged(`Entry ${index} of the log is not what was hashed.`);
  }
}

function damaged(what: string): GatehouseError {
  return new GatehouseError("audit_log_damaged", `${what} Run \`gatehouse audit verify\`.`);
}

/** One that cannot be read is due at once, and fails. */
function timeOf(entry: OutgoingEntry | undefined): string | undefined {
  if (entry === undefined) return undefined;
  return parseLeaf(entry.leaf)?.t ?? new Date(0).toISOString();
}

/** As many as fit; one always does, however long. */
async function cutBatch(
  entries: readonly OutgoingEntry[],
  { form }: ConfiguredSink,
  { source, keyring }: Pick<DeliveryParts, "source" | "keyring">,
): Promise<Batch> {
  const rendered: RenderedEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const next = renderEntry(await withOpenDetail(entry, keyring), form, source);
    bytes += Buffer.byteLength(next.json);
    if (rendered.length > 0 && bytes > limits.sinkBatchBytesMax) break;
    rendered.push(next);
  }
  const [first] = rendered;
  const last = rendered.at(-1);
  if (first === undefined || last === undefined) throw new RangeError("a batch has an entry");
  return { origin: source.origin, first: first.index, last: last.index, entries: rendered };
}

/** What cannot be opened now is not left out: the entry waits, since nobody would send its detail later. */
async function withOpenDetail(entry: OutgoingEntry, keyring: Keyring): Promise<OutgoingEntry> {
  const leaf = parseLeaf(entry.leaf);
  if (leaf === undefined) return entry;
  return { ...entry, detail: await openDetail({ ...entry, leaf }, keyring) };
}
