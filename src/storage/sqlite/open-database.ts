import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { Database, Row, SqlValue, Statement, WriteResult } from "../stores/database.ts";
import type {
  Failure,
  FromWorker,
  ReadReply,
  ToWorker,
  WorkerOptions,
  WriteReply,
} from "./worker-protocol.ts";

/**
 * Opens `path` for serving; creates folder and file. Throws `data_folder_in_use`, `database_not_durable`,
 * `database_newer`, `migration_changed` or `database_unusable`.
 */
export async function openDatabase(path: string): Promise<Database> {
  return connect(startWorker({ path, mode: "serve" }), path);
}

/** Opens for reading beside a running server, or a copy somewhere else. `write` is refused. */
export async function openDatabaseForReading(path: string): Promise<Database> {
  return connect(startWorker({ path, mode: "read" }), path);
}

function startWorker(options: WorkerOptions): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { workerData: options, name: "sqlite" });
}

/** Speaks `worker-protocol.ts` with a worker that was just started. */
export async function connect(worker: Worker, path: string): Promise<Database> {
  const opened = await new Promise<FromWorker>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) =>
      reject(
        new GatehouseError("database_unusable", `The database worker for ${path} ended with code ${code}.`),
      ),
    );
  });
  if (opened.kind === "opened") return new WorkerDatabase(worker, path);
  await worker.terminate();
  throw opened.kind === "refused"
    ? new GatehouseError(opened.code, opened.message)
    : new GatehouseError("database_unusable", `The database worker for ${path} answered out of turn.`);
}

interface Asked<Question, Reply> {
  readonly question: Question;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: GatehouseError) => void;
}
type AskedWrite = Asked<readonly Statement[], WriteResult>;
type AskedRead = Asked<{ sql: string; values: readonly SqlValue[] }, readonly Row[]>;
interface Batch {
  readonly writes: readonly AskedWrite[];
  readonly reads: readonly AskedRead[];
}

/**
 * The near side of the worker. One batch is under way at a time; whatever is asked meanwhile forms the next one.
 * That is the group commit: 32 appends that wait for one sync share the next.
 */
class WorkerDatabase implements Database {
  readonly #worker: Worker;
  readonly #path: string;
  readonly #onClosed: Promise<void>;
  #writes: AskedWrite[] = [];
  #reads: AskedRead[] = [];
  #underWay: Batch | undefined;
  #isScheduled = false;
  #isClosing = false;
  #failure: GatehouseError | undefined;

  constructor(worker: Worker, path: string) {
    this.#worker = worker;
    this.#path = path;
    worker.on("message", (message: FromWorker) => this.#receive(message));
    worker.on("error", (error) => this.#fail(`the worker crashed: ${messageOf(error)}`, error));
    this.#onClosed = new Promise((resolve) => {
      worker.once("exit", (code) => {
        if (!this.#isClosing || this.#underWay !== undefined)
          this.#fail(`the worker ended with code ${code}`);
        resolve();
      });
    });
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

  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#schedule();
    }
    await this.#onClosed;
  }

  #refusal(queued: number): GatehouseError | undefined {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#isClosing)
      return new GatehouseError("database_closed", `The database ${this.#path} is closed.`);
    if (queued < limits.databaseQueueMax) return undefined;
    return new GatehouseError(
      "database_busy",
      "The database cannot keep up with what is asked of it. Nothing was written; try again shortly.",
    );
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
    if (this.#underWay !== undefined || this.#failure !== undefined) return;
    const writes = this.#writes.splice(0, limits.databaseBatchMax);
    const reads = this.#reads.splice(0, limits.databaseBatchMax);
    if (writes.length + reads.length > 0) {
      this.#underWay = { writes, reads };
      this.#post({ kind: "batch", writes: writes.map(questionOf), reads: reads.map(questionOf) });
    } else if (this.#isClosing) {
      this.#post({ kind: "close" });
    }
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    if (message.kind === "closed") return;
    const batch = this.#underWay;
    const isWhole =
      message.kind === "results" &&
      message.writes.length === batch?.writes.length &&
      message.reads.length === batch.reads.length;
    if (!isWhole) {
      this.#fail("the worker answered out of turn");
      return;
    }
    this.#underWay = undefined;
    settle(batch.writes, message.writes, (asked, reply) => this.#settleWrite(asked, reply));
    settle(batch.reads, message.reads, (asked, reply) => this.#settleRead(asked, reply));
    this.#send();
  }

  #settleWrite(asked: AskedWrite, reply: WriteReply): void {
    if (reply.kind === "failed") asked.reject(this.#errorOf(reply));
    else asked.resolve(reply);
  }

  #settleRead(asked: AskedRead, reply: ReadReply): void {
    if (reply.kind === "failed") asked.reject(this.#errorOf(reply));
    else asked.resolve(reply.rows);
  }

  #errorOf(failure: Failure): GatehouseError {
    if (failure.code !== "database_failed") {
      return new GatehouseError(failure.code, describe(failure, dirname(this.#path)));
    }
    this.#fail(failure.message);
    return this.#failure ?? failed(this.#path, failure.message);
  }

  /** The disk's state is unknown from here on. Never undone: only a restart reads the disk afresh. */
  #fail(reason: string, cause?: unknown): void {
    this.#failure ??= failed(this.#path, reason, cause);
    const asked = [
      ...(this.#underWay?.writes ?? []),
      ...(this.#underWay?.reads ?? []),
      ...this.#writes.splice(0),
      ...this.#reads.splice(0),
    ];
    this.#underWay = undefined;
    for (const each of asked) each.reject(this.#failure);
    void this.#worker.terminate();
  }
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

/** Copies at the call: the caller may reuse its buffer, and a view would drag its whole pool through `postMessage`. */
function ownCopy(value: SqlValue): SqlValue {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

function failed(path: string, reason: string, cause?: unknown): GatehouseError {
  return new GatehouseError(
    "database_failed",
    `${path} can no longer be trusted to keep what it is given: ${reason}. Check the disk, then restart Gatehouse.`,
    { cause },
  );
}

function describe({ code, message }: Failure, folder: string): string {
  if (code === "database_full") {
    return `There is no room left for the database in ${folder}. Nothing was written. (${message})`;
  }
  if (code === "database_busy") {
    return `Another process has locked the database in ${folder}. Nothing was written. (${message})`;
  }
  return message;
}
