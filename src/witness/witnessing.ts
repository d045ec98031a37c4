import type { Clock } from "#lib/clock";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { Timer } from "#lib/timer";
import {
  type Cosigner,
  findCosignatures,
  formatAddCheckpoint,
  type Hash,
  ownNote,
  parseCheckpoint,
  parseTreeSize,
} from "#tlog";
import type { CosignatureStore } from "./cosignature-store.ts";
import type { PostCheckpoint, WitnessReply } from "./post-checkpoint.ts";

/** A witness as the operator named it. */
export interface NamedWitness {
  readonly cosigner: Cosigner;
  readonly verifierKey: string;
  /** Submission prefix; `/add-checkpoint` comes behind it. */
  readonly url: URL;
}

/** The log that is witnessed. */
export interface WitnessedLog {
  /** The newest checkpoint; `undefined` while there is none. */
  checkpoint(): Promise<string | undefined>;
  /** From `oldSize` to the newest checkpoint; `undefined` where it is not that large, or a hash is missing. */
  consistency(
    oldSize: number,
  ): Promise<{ readonly checkpoint: string; readonly proof: readonly Hash[] } | undefined>;
}

/** How it stands with one witness. `refused`: it says that the log is not what it was. `failing`: no word of it. */
export interface WitnessStatus {
  readonly name: string;
  readonly state: "waiting" | "cosigned" | "failing" | "refused";
  /** Of the newest checkpoint that it cosigned; 0 for none. */
  readonly size: number;
  readonly why: string | undefined;
}

export interface WitnessingParts {
  readonly witnesses: readonly NamedWitness[];
  readonly log: WitnessedLog;
  readonly store: CosignatureStore;
  readonly post: PostCheckpoint;
  readonly clock: Clock;
  readonly timer: Timer;
  /** A witness says that the log was forked, cut or rolled back; told once until it cosigns again. */
  readonly onRefused: (refusal: {
    readonly witness: string;
    readonly why: string;
    readonly size: number;
  }) => void;
  /** A witness began to fail, or works again (`why` is undefined). For the operator's log. */
  readonly onChange: (status: WitnessStatus) => void;
}

export interface Witnessing {
  readonly statuses: readonly WitnessStatus[];
  /** Looks at the newest checkpoint now and shows it to everybody; resolves when all have answered or failed. */
  look(): Promise<void>;
  close(): Promise<void>;
}

/** The log is looked at this often: the hot path never waits for us, nor even tells us. */
const lookMs = 1_000;
/** An idle log is shown again, so that a cosignature says how late it is. */
const refreshMs = 60_000;

export async function openWitnessing(parts: WitnessingParts): Promise<Witnessing> {
  const submissions: Submission[] = [];
  for (const witness of parts.witnesses) {
    const newest = await parts.store.newestOf(witness.verifierKey);
    submissions.push(new Submission(parts, witness, newest?.size ?? 0));
  }
  let isClosed = false;
  let underWay: Promise<void> = Promise.resolve();
  let cancel: () => void = () => undefined;
  const look = async (): Promise<void> => {
    await Promise.all(submissions.map((submission) => submission.look()));
  };
  const lookOn = (): void => {
    if (isClosed) return;
    cancel = parts.timer.after(lookMs, () => {
      underWay = look().finally(lookOn);
    });
  };
  lookOn();
  return {
    get statuses() {
      return submissions.map(({ status }) => status);
    },
    look,
    close: async () => {
      isClosed = true;
      cancel();
      await underWay;
    },
  };
}

/** What an answer comes to. */
type Outcome =
  | { readonly kind: "cosigned"; readonly size: number }
  | { readonly kind: "stale"; readonly size: number }
  | { readonly kind: "failing" | "refused"; readonly why: string; readonly size: number };

/** Keeps one witness up to date. Owns what is known of it; a failing one is asked less and less often. */
class Submission {
  readonly #parts: WitnessingParts;
  readonly #witness: NamedWitness;
  #status: WitnessStatus;
  /** What the witness saw last, as far as we know; wrong is no harm, it tells us. */
  #knownSize: number;
  #shown = { note: "", atMs: Number.NEGATIVE_INFINITY };
  #failures = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #isBusy = false;

  constructor(parts: WitnessingParts, witness: NamedWitness, size: number) {
    this.#parts = parts;
    this.#witness = witness;
    this.#knownSize = size;
    this.#status = { name: witness.cosigner.name, state: "waiting", size, why: undefined };
  }

  get status(): WitnessStatus {
    return this.#status;
  }

  /** Never rejects: whatever goes wrong is the witness's state. */
  async look(): Promise<void> {
    const now = this.#parts.clock.monotonicMs();
    if (this.#isBusy || now < this.#notBeforeMs) return;
    this.#isBusy = true;
    try {
      const note = await this.#parts.log.checkpoint();
      if (note === undefined) return;
      const isShown = note.split("\n\n")[0] === this.#shown.note && now - this.#shown.atMs < refreshMs;
      if (!isShown) await this.#show();
    } catch (error) {
      this.#settle({ kind: "failing", why: messageOf(error), size: 0 });
    } finally {
      this.#isBusy = false;
    }
  }

  async #show(): Promise<void> {
    let outcome = await this.#ask();
    // It knows more or less than we thought: once more from there. A second such answer is no misunderstanding.
    if (outcome.kind === "stale") {
      this.#knownSize = outcome.size;
      outcome = await this.#ask();
    }
    this.#settle(
      outcome.kind === "stale" ? { ...outcome, kind: "failing", why: "it changes its mind" } : outcome,
    );
  }

  async #ask(): Promise<Outcome> {
    const { log, post } = this.#parts;
    const consistent = await log.consistency(this.#knownSize);
    if (consistent === undefined) return this.#beyond();
    const { checkpoint, proof } = consistent;
    const size = parseCheckpoint(checkpoint)?.size ?? 0;
    // Witnesses sign the log's own note; what others have added is bytes to carry.
    const request = { oldSize: this.#knownSize, proof, checkpoint: ownNote(checkpoint) ?? checkpoint };
    const reply = await post(this.#witness.url, formatAddCheckpoint(request));
    if (reply.status === 200) return this.#accept(request.checkpoint, size, reply.body);
    return judge(reply, { size, knownSize: this.#knownSize });
  }

  /** The witness has seen a larger log than the one we have. */
  async #beyond(): Promise<Outcome> {
    const newest = parseCheckpoint((await this.#parts.log.checkpoint()) ?? "")?.size ?? 0;
    const why = `it has seen ${this.#knownSize} entries of this log, which has ${newest}: the log was cut, or restored from a copy`;
    if (newest < this.#knownSize) return { kind: "refused", why, size: newest };
    return {
      kind: "failing",
      why: "the log cannot prove how it grew; run `gatehouse audit verify`",
      size: newest,
    };
  }

  async #accept(note: string, size: number, lines: string): Promise<Outcome> {
    const finding = findCosignatures(note + lines, [this.#witness.cosigner]);
    const [cosignature] = finding.kind === "found" ? finding.cosignatures : [];
    if (cosignature === undefined) {
      const why = finding.kind === "refused" ? finding.why : "it answered without a cosignature of its key";
      return { kind: "failing", why, size };
    }
    const { line, at } = cosignature;
    // Who verifies the log refuses it, and a later one of the same size would not take its place.
    if (at.getTime() > this.#parts.clock.now().getTime() + limits.witnessSkewMs) {
      const why = `it cosigned for ${at.toISOString()}, which is still to come: its clock is wrong, or ours`;
      return { kind: "failing", why, size };
    }
    await this.#parts.store.keep({ size, cosigner: this.#witness.verifierKey, line, at });
    this.#shown = { note: note.split("\n\n")[0] ?? "", atMs: this.#parts.clock.monotonicMs() };
    return { kind: "cosigned", size };
  }

  #settle(outcome: Exclude<Outcome, { kind: "stale" }>): void {
    const before = this.#status;
    if (outcome.kind === "cosigned") {
      this.#knownSize = outcome.size;
      this.#failures = 0;
      this.#status = { ...before, state: "cosigned", size: outcome.size, why: undefined };
    } else {
      this.#backOff();
      // Silence of a witness that has refused us does not take back what it said.
      const isSilence = outcome.kind === "failing" && before.state === "refused";
      if (!isSilence) this.#status = { ...before, state: outcome.kind, why: outcome.why };
    }
    if (this.#status.state === before.state) return;
    this.#parts.onChange(this.#status);
    if (outcome.kind !== "refused") return;
    // A witness that changes its mind by the second must not fill the log with it.
    const now = this.#parts.clock.monotonicMs();
    if (now - this.#toldAtMs < refreshMs) return;
    this.#toldAtMs = now;
    this.#parts.onRefused({ witness: before.name, why: outcome.why, size: outcome.size });
  }

  #backOff(): void {
    const delayMs = Math.min(lookMs * 2 ** this.#failures, limits.witnessRetryMsMax);
    this.#failures = Math.min(this.#failures + 1, 20);
    this.#notBeforeMs = this.#parts.clock.monotonicMs() + delayMs;
  }
}

/** Statuses of https://c2sp.org/tlog-witness. Some witnesses answer another root at the same size with 409, most with 422. */
function judge(
  { status, contentType, body }: WitnessReply,
  { size, knownSize }: { size: number; knownSize: number },
): Outcome {
  if (status === 422) {
    return { kind: "refused", why: "it says that this log does not continue the one it has seen", size };
  }
  if (status === 409) {
    const told = contentType === "text/x.tlog.size" ? parseTreeSize(body.trimEnd()) : undefined;
    if (told !== undefined && told !== knownSize) return { kind: "stale", size: told };
    return { kind: "refused", why: `it has seen another log of ${size} entries`, size };
  }
  const reasons: Readonly<Record<number, string>> = {
    403: "it does not know the key that signs this log",
    404: "it does not watch this log",
  };
  return { kind: "failing", why: reasons[status] ?? `it answered ${status}`, size };
}
