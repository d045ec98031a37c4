import type { QueryResult } from "pg";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { systemTimer } from "#lib/timer";
import type { Batch, BatchEngine, Failure, Replies, WriteReply } from "../group-commit.ts";
import type { Row, Statement } from "../stores/database.ts";
import { parameterOf } from "./column-values.ts";
import { failureOf } from "./postgres-failure.ts";
import type { Session } from "./session.ts";
import { PreparedTexts } from "./statement-text.ts";

type Write = readonly Statement[];
type Answer = PromiseSettledResult<QueryResult<Row>>;

/** What a write came to before its transaction was committed. */
type Attempt = WriteReply;

/**
 * Writes in one session, which holds the lock of the log. The session is never replaced: with it goes the lock, and then
 * somebody else may be writing. Owned by one `GroupCommit`, which runs one batch at a time.
 */
export class PostgresEngine implements BatchEngine {
  readonly name: string;
  readonly lost: Promise<never>;
  readonly #session: Session;
  readonly #texts = new PreparedTexts();
  readonly #lose: (error: Error) => void;
  #warning: string | undefined;
  #isClosing = false;

  constructor(session: Session, name: string) {
    this.name = name;
    this.#session = session;
    const { promise, reject } = Promise.withResolvers<never>();
    this.lost = promise;
    this.#lose = reject;
    session.client.on("error", (error) => reject(new Error(`its session was lost: ${messageOf(error)}`)));
    session.client.on("end", () => {
      if (!this.#isClosing) reject(new Error("its session has ended"));
    });
    session.client.on("notice", ({ severity, message }) => {
      if (severity === "WARNING") this.#warning = message ?? "a warning";
    });
  }

  async run({ writes }: Batch): Promise<Replies> {
    const seconds = limits.databaseCommitMsMax / 1000;
    const silent = (): void => this.#lose(new Error(`it did not answer within ${seconds} s`));
    const cancel = systemTimer.after(limits.databaseCommitMsMax, silent);
    try {
      return { writes: await this.#together(writes), reads: [] };
    } finally {
      cancel();
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#session.client.end();
  }

  abandon(): void {
    this.#session.destroy();
  }

  explain({ code, message }: Failure): string {
    switch (code) {
      case "database_full":
        return `The ${this.name} has no room left. Nothing was written. (${message})`;
      case "database_busy":
        return `The ${this.name} keeps us waiting. Nothing was written. (${message})`;
      case "database_failed":
        return `The ${this.name} can no longer be trusted to keep what it is given: ${message}. Check the server, then restart Gatehouse.`;
      case "database_statement_refused":
      case "database_closed":
        return message;
    }
  }

  /**
   * All writes in one flight and one transaction, as if none of them could fail. When one does, nothing has been
   * committed yet, and they are tried again, each by itself.
   */
  async #together(writes: readonly Write[]): Promise<readonly WriteReply[]> {
    const answers = await this.#send([begin, ...writes.flat(), last]);
    const attempts = cut(writes, answers.slice(1, -1));
    const problem = firstProblem(answers, attempts);
    if (problem === undefined) return this.#commit(attempts);
    const undone = await this.#rollBack(problem);
    if (!concernsOneWrite(undone)) return writes.map(() => undone);
    return writes.length === 1 ? [undone] : this.#apart(writes);
  }

  async #apart(writes: readonly Write[]): Promise<readonly WriteReply[]> {
    const [begun] = await this.#send([begin]);
    if (begun?.status !== "fulfilled") return this.#giveUp(writes, failureOf(begun?.reason));
    const attempts: Attempt[] = [];
    for (const write of writes) {
      const attempt = await this.#one(write);
      if (attempt.kind === "failed" && !concernsOneWrite(attempt)) return this.#giveUp(writes, attempt);
      attempts.push(attempt);
    }
    const [disarmed] = await this.#send([last]);
    if (disarmed?.status !== "fulfilled") return this.#giveUp(writes, failureOf(disarmed?.reason));
    return this.#commit(attempts);
  }

  async #giveUp(writes: readonly Write[], cause: Failure): Promise<readonly WriteReply[]> {
    const undone = await this.#rollBack(cause);
    return writes.map(() => undone);
  }

  /** One write between savepoints: undone alone when it does not succeed. */
  async #one(write: Write): Promise<Attempt> {
    const answers = await this.#send([{ sql: "SAVEPOINT one", values: [] }, ...write]);
    const [attempt] = cut([write], answers.slice(1));
    const problem = firstProblem(answers, attempt === undefined ? [] : [attempt]);
    const end = problem === undefined ? "RELEASE one" : "ROLLBACK TO one";
    const [ended] = await this.#send([{ sql: end, values: [] }]);
    if (ended?.status !== "fulfilled") return broken(ended?.reason);
    return problem ?? attempt ?? broken("a write without an answer");
  }

  /**
   * Anything but the word COMMIT, without a warning, leaves open what is stored: an error, a lost connection, a standby
   * that was not waited for.
   */
  async #commit(attempts: readonly Attempt[]): Promise<readonly WriteReply[]> {
    this.#takeWarning();
    const [answer] = await this.#send([{ sql: "COMMIT", values: [] }]);
    const isCommitted = answer?.status === "fulfilled" && answer.value.command === "COMMIT";
    const warning = this.#takeWarning();
    if (isCommitted && warning === undefined) return attempts;
    const why = answer?.status === "rejected" ? messageOf(answer.reason) : (warning ?? "it did not commit");
    return attempts.map(() => broken(`COMMIT was answered with: ${why}`));
  }

  #takeWarning(): string | undefined {
    const warning = this.#warning;
    this.#warning = undefined;
    return warning;
  }

  /** A rollback that is not answered as one makes every later answer a guess: that is a failure too. */
  async #rollBack<Cause extends Attempt>(cause: Cause): Promise<Cause | Failure> {
    if (cause.kind === "failed" && cause.code === "database_failed") return cause;
    const [answer] = await this.#send([{ sql: "ROLLBACK", values: [] }]);
    if (answer?.status === "fulfilled" && answer.value.command === "ROLLBACK") return cause;
    return broken(answer?.status === "rejected" ? answer.reason : "it did not roll back");
  }

  /** In one flight: the server begins with the first while we still send the last. */
  #send(statements: readonly Statement[]): Promise<Answer[]> {
    const asked = this.#session.together(() =>
      statements.map(({ sql, values }) =>
        this.#session.client.query<Row>({ ...this.#texts.of(sql), values: values.map(parameterOf) }),
      ),
    );
    return Promise.allSettled(asked);
  }
}

const begin: Statement = { sql: "BEGIN", values: [] };
/** From here on only our own deadline counts: a COMMIT that the server gives up waiting for has happened all the same. */
const last: Statement = { sql: "SET LOCAL statement_timeout = 0", values: [] };

/** The answers of each write, as a reply of that write. */
function cut(writes: readonly Write[], answers: readonly Answer[]): readonly Attempt[] {
  let next = 0;
  return writes.map((write) => {
    const own = answers.slice(next, next + write.length);
    next += write.length;
    return attemptOf(write, own);
  });
}

function attemptOf(write: Write, answers: readonly Answer[]): Attempt {
  const rows: (readonly Row[])[] = [];
  for (const [index, { mustChange }] of write.entries()) {
    const answer = answers[index];
    if (answer?.status !== "fulfilled") return failureOf(answer?.reason);
    if (mustChange !== undefined && answer.value.rowCount !== mustChange)
      return { kind: "conflict", statement: index };
    rows.push(answer.value.rows);
  }
  return { kind: "done", rows };
}

/** The first that went wrong is the reason for all that follow it. */
function firstProblem(answers: readonly Answer[], attempts: readonly Attempt[]): Attempt | undefined {
  const error = answers.find((answer) => answer.status === "rejected");
  const conflict = attempts.find((attempt) => attempt.kind !== "done");
  if (conflict?.kind === "conflict") return conflict;
  return error === undefined ? undefined : failureOf(error.reason);
}

/** Whether the other writes of the transaction may go on without this one. */
function concernsOneWrite(attempt: Attempt): boolean {
  return attempt.kind !== "failed" || attempt.code === "database_statement_refused";
}

function broken(reason: unknown): Failure {
  return { kind: "failed", code: "database_failed", message: messageOf(reason) };
}
