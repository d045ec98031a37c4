import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type {
  Database,
  DatabaseErrorCode,
  Row,
  SqlValue,
  Statement,
  WriteResult,
} from "./stores/database.ts";

export interface Read {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

export interface Failure {
  readonly kind: "failed";
  readonly code: DatabaseErrorCode;
  readonly message: string;
}
export type WriteReply = WriteResult | Failure;
export type ReadReply = { readonly kind: "rows"; readonly rows: readonly Row[] } | Failure;

/** One batch is one transaction and one sync, however many writes it holds. */
export interface Batch {
  readonly writes: readonly (readonly Statement[])[];
  readonly reads: readonly Read[];
  /** Afterwards, remove what was overwritten from the engine's own files. */
  readonly scrub?: boolean;
}
export interface Replies {
  readonly writes: readonly WriteReply[];
  readonly reads: readonly ReadReply[];
  /** Whether that was done; an engine with no files of its own does not say. */
  readonly isScrubbed?: boolean;
}

/** What runs the batches of one database, one at a time. */
export interface BatchEngine {
  /** Which database this is, as a person calls it. */
  readonly name: string;
  /** Rejects, at any time, when the engine is gone: nobody knows then what became of a batch under way. */
  readonly lost: Promise<never>;
  /** As many replies as there were questions, in their order. */
  run(batch: Batch): Promise<Replies>;
  /** Called when nothing is under way any more. */
  close(): Promise<void>;
  /** Lets go at once; what is under way does not matter any more. */
  abandon(): void;
  /** A failure in words for people, with what to do. */
  explain(failure: Failure): string;
}

interface Asked<Question, Reply> {
  readonly question: Question;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: GatehouseError) => void;
}
type AskedWrite = Asked<readonly Statement[], WriteResult>;
type AskedRead = Asked<Read, readonly Row[]>;
type AskedScrub = Omit<Asked<never, "done" | "later">, "question">;
interface AskedBatch {
  readonly writes: readonly AskedWrite[];
  readonly reads: readonly AskedRead[];
  readonly scrubs: readonly AskedScrub[];
}

/**
 * The near side of an engine. One batch is under way at a time; whatever is asked meanwhile forms the next one.
 * That is the group commit: 32 appends that wait for one sync share the next.
 */
export class GroupCommit implements Database {
  readonly #engine: BatchEngine;
  readonly #closed = Promise.withResolvers<void>();
  #writes: AskedWrite[] = [];
  #reads: AskedRead[] = [];
  #scrubs: AskedScrub[] = [];
  #underWay: AskedBatch | undefined;
  #isScheduled = false;
  #isClosing = false;
  #failure: GatehouseError | undefined;

  constructor(engine: BatchEngine) {
    this.#engine = engine;
    engine.lost.catch((error: unknown) => this.#fail(messageOf(error), error));
  }

  read(sql: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(this.#reads.length);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      this.#reads.push({ question: { sql, values: values.map(ownCopy) }, resolve, reject });
      this.#schedule();
    });
  }

  write(statements: readonly Statement[]): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(this.#writes.length);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const question = statements.map((statement) => ({
        ...statement,
        values: statement.values.map(ownCopy),
      }));
      this.#writes.push({ question, resolve, reject });
      this.#schedule();
    });
  }

  scrub(): Promise<"done" | "later"> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(this.#scrubs.length);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      this.#scrubs.push({ resolve, reject });
      this.#schedule();
    });
  }

  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#schedule();
    }
    await this.#closed.promise;
  }

  #refusal(queued: number): GatehouseError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#isClosing)
      return new GatehouseError("database_closed", `The database ${this.#engine.name} is closed.`);
    return queued < limits.databaseQueueMax ? undefined : overload();
  }

  /** Waits for the end of the current turn, so that calls made together travel together. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#failure !== undefined) {
      this.#closed.resolve();
      return;
    }
    if (this.#underWay !== undefined) return;
    const writes = this.#writes.splice(0, limits.databaseBatchMax);
    const reads = this.#reads.splice(0, limits.databaseBatchMax);
    const scrubs = this.#scrubs.splice(0);
    if (writes.length + reads.length + scrubs.length > 0) this.#run({ writes, reads, scrubs });
    else if (this.#isClosing) this.#closed.resolve(this.#engine.close());
  }

  #run(batch: AskedBatch): void {
    this.#underWay = batch;
    this.#engine
      .run({
        writes: batch.writes.map(questionOf),
        reads: batch.reads.map(questionOf),
        ...(batch.scrubs.length > 0 ? { scrub: true } : {}),
      })
      .then((replies) => this.#receive(batch, replies))
      .catch((error: unknown) => this.#fail(messageOf(error), error));
  }

  #receive(batch: AskedBatch, replies: Replies): void {
    if (this.#failure !== undefined) return;
    this.#underWay = undefined;
    settle(batch.writes, replies.writes, (asked, reply) => {
      if (reply.kind === "failed") asked.reject(this.#errorOf(reply));
      else asked.resolve(reply);
    });
    settle(batch.reads, replies.reads, (asked, reply) => {
      if (reply.kind === "failed") asked.reject(this.#errorOf(reply));
      else asked.resolve(reply.rows);
    });
    for (const asked of batch.scrubs) asked.resolve(replies.isScrubbed === true ? "done" : "later");
    this.#send();
  }

  #errorOf(failure: Failure): GatehouseError {
    const message = this.#engine.explain(failure);
    if (failure.code !== "database_failed") return new GatehouseError(failure.code, message);
    return this.#fail(failure.message);
  }

  /** What is stored is unknown from here on. Never undone: only a restart reads it afresh. */
  #fail(reason: string, cause?: unknown): GatehouseError {
    this.#failure ??= new GatehouseError(
      "database_failed",
      this.#engine.explain({ kind: "failed", code: "database_failed", message: reason }),
      { cause },
    );
    const failure = this.#failure;
    const asked = [
      ...(this.#underWay?.writes ?? []),
      ...(this.#underWay?.reads ?? []),
      ...this.#writes.splice(0),
      ...this.#reads.splice(0),
      ...(this.#underWay?.scrubs ?? []),
      ...this.#scrubs.splice(0),
    ];
    this.#underWay = undefined;
    for (const each of asked) each.reject(failure);
    this.#engine.abandon();
    if (this.#isClosing) this.#closed.resolve();
    return failure;
  }
}

/** Refusing is kinder than a queue that only grows. */
export function overload(): GatehouseError {
  return new GatehouseError(
    "database_busy",
    "The database cannot keep up with what is asked of it. Nothing was written; try again shortly.",
  );
}

function questionOf<Question>(asked: { readonly question: Question }): Question {
  return asked.question;
}

function settle<A, R>(asked: readonly A[], replies: readonly R[], act: (asked: A, reply: R) => void): void {
  for (const [index, each] of asked.entries()) {
    const reply = replies[index];
    if (reply !== undefined) act(each, reply);
  }
}

/** Copies at the call: the caller may reuse its buffer, and a view would drag its whole pool to another thread. */
function ownCopy(value: SqlValue): SqlValue {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}
