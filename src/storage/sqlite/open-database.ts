import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { GatehouseError, messageOf } from "#lib/errors";
import { type Batch, type BatchEngine, type Failure, GroupCommit, type Replies } from "../group-commit.ts";
import type { Database } from "../stores/database.ts";
import type { FromWorker, ToWorker, WorkerOptions } from "./worker-protocol.ts";

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
  if (opened.kind === "opened") return new GroupCommit(new WorkerEngine(worker, path));
  await worker.terminate();
  throw opened.kind === "refused"
    ? new GatehouseError(opened.code, opened.message)
    : new GatehouseError("database_unusable", `The database worker for ${path} answered out of turn.`);
}

/** The worker, seen from the thread that asks it. */
class WorkerEngine implements BatchEngine {
  readonly name: string;
  readonly lost: Promise<never>;
  readonly #worker: Worker;
  readonly #onExit: Promise<void>;
  #lose: (error: Error) => void;
  #underWay: { readonly batch: Batch; readonly resolve: (replies: Replies) => void } | undefined;
  #isClosing = false;

  constructor(worker: Worker, path: string) {
    this.#worker = worker;
    this.name = path;
    const { promise, reject } = Promise.withResolvers<never>();
    this.lost = promise;
    this.#lose = reject;
    worker.on("message", (message: FromWorker) => this.#receive(message));
    worker.on("error", (error) => reject(new Error(`the worker crashed: ${messageOf(error)}`)));
    this.#onExit = new Promise((resolve) => {
      worker.once("exit", (code) => {
        if (!this.#isClosing) reject(new Error(`the worker ended with code ${code}`));
        resolve();
      });
    });
  }

  run(batch: Batch): Promise<Replies> {
    return new Promise((resolve) => {
      this.#underWay = { batch, resolve };
      this.#post({ kind: "batch", ...batch });
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#post({ kind: "close" });
    await this.#onExit;
  }

  abandon(): void {
    void this.#worker.terminate();
  }

  explain({ code, message }: Failure): string {
    const folder = dirname(this.name);
    switch (code) {
      case "database_full":
        return `There is no room left for the database in ${folder}. Nothing was written. (${message})`;
      case "database_busy":
        return `Another process has locked the database in ${folder}. Nothing was written. (${message})`;
      case "database_failed":
        return `${this.name} can no longer be trusted to keep what it is given: ${message}. Check the disk, then restart Gatehouse.`;
      case "database_statement_refused":
      case "database_closed":
        return message;
    }
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    if (message.kind === "closed") return;
    const asked = this.#underWay;
    const isWhole =
      message.kind === "results" &&
      message.writes.length === asked?.batch.writes.length &&
      message.reads.length === asked.batch.reads.length;
    if (!isWhole) {
      this.#lose(new Error("the worker answered out of turn"));
      return;
    }
    this.#underWay = undefined;
    asked.resolve(message);
  }
}
