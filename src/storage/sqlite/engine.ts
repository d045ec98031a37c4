import type { DatabaseSync, StatementSync } from "node:sqlite";
import { assert } from "#lib/errors";
import type { Failure, Read, ReadReply, WriteReply } from "../group-commit.ts";
import type { Row, SqlValue, Statement, WriteResult } from "../stores/database.ts";
import { busyTimeoutMs, type Connections } from "./open-files.ts";
import { failureOf } from "./sqlite-failure.ts";

/** Runs batches until one fails in a way that leaves the disk unknown; from then on it refuses everything. */
export class Engine {
  readonly #connections: Connections;
  readonly #written = new PreparedStatements();
  readonly #asked = new PreparedStatements();
  #failure: Failure | undefined;
  #unsavedBytes = 0;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  write(writes: readonly (readonly Statement[])[]): readonly WriteReply[] {
    const { writer } = this.#connections;
    if (writes.length === 0) return [];
    if (writer === undefined) {
      const readOnly: Failure = {
        kind: "failed",
        code: "database_statement_refused",
        message: "This database was opened for reading only.",
      };
      return writes.map(() => readOnly);
    }
    const replies = this.#failure === undefined ? this.#commit(writer, writes) : this.#failure;
    if (!("kind" in replies)) return replies;
    if (replies.code === "database_failed") this.#failure = replies;
    return writes.map(() => replies);
  }

  read(read: Read): ReadReply {
    if (this.#failure !== undefined) return this.#failure;
    try {
      return {
        kind: "rows",
        rows: this.#asked.of(this.#connections.reader, read.sql).statement.all(...read.values),
      };
    } catch (error) {
      return failureOf(error);
    }
  }

  /**
   * Copies committed pages from the WAL into the database file when enough have gathered. Done by us and not by
   * SQLite's automatic checkpoint, because that one swallows a failed sync of the database file and would later
   * reuse the WAL, with the only good copy in it.
   */
  checkpointIfDue(walBytesMax: number): void {
    const { writer } = this.#connections;
    if (writer === undefined || this.#failure !== undefined || this.#unsavedBytes < walBytesMax) return;
    try {
      writer.prepare("PRAGMA wal_checkpoint(PASSIVE)").all();
      this.#unsavedBytes = 0;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code === "database_failed") this.#failure = failure;
    }
  }

  /**
   * Copies everything into the database file and empties the WAL, which has earlier contents of pages. Overwritten and freed
   * space in the file itself is zeroed as it is written (`secure_delete`). Waits for nobody: a reader in the way is a `false`.
   */
  scrub(): boolean {
    const { writer } = this.#connections;
    if (writer === undefined || this.#failure !== undefined) return false;
    try {
      writer.exec("PRAGMA busy_timeout=0");
      const row = writer.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
      const isScrubbed = row?.["busy"] === 0;
      if (isScrubbed) this.#unsavedBytes = 0;
      return isScrubbed;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code === "database_failed") this.#failure = failure;
      return false;
    } finally {
      writer.exec(`PRAGMA busy_timeout=${busyTimeoutMs}`);
    }
  }

  close(): void {
    this.#written.clear();
    this.#asked.clear();
    this.#connections.reader.close();
    this.#connections.writer?.close();
  }

  /** One transaction for all writes. A `Failure` means that none of them was written, or that we cannot know. */
  #commit(writer: DatabaseSync, writes: readonly (readonly Statement[])[]): readonly WriteReply[] | Failure {
    try {
      writer.exec("BEGIN IMMEDIATE");
      const replies = writes.map((statements) => this.#writeOne(writer, statements));
      writer.exec("COMMIT");
      return replies;
    } catch (error) {
      return this.#rollBack(writer, failureOf(error));
    }
  }

  /** A rollback that does not end the transaction makes every later answer a guess: that is a failure too. */
  #rollBack(writer: DatabaseSync, cause: Failure): Failure {
    try {
      if (writer.isTransaction) writer.exec("ROLLBACK");
      assert(!writer.isTransaction, "the transaction is still open after ROLLBACK");
      return cause;
    } catch (error) {
      return {
        kind: "failed",
        code: "database_failed",
        message: `${cause.message}; ${failureOf(error).message}`,
      };
    }
  }

  /** Throws when the whole transaction has to go; otherwise only this write is undone. */
  #writeOne(writer: DatabaseSync, statements: readonly Statement[]): WriteReply {
    writer.exec("SAVEPOINT one");
    const reply = this.#run(writer, statements);
    if (reply.kind !== "done") writer.exec("ROLLBACK TO one");
    writer.exec("RELEASE one");
    return reply;
  }

  #run(writer: DatabaseSync, statements: readonly Statement[]): WriteReply {
    try {
      return this.#runAll(writer, statements);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code !== "database_statement_refused") throw error;
      return failure;
    }
  }

  #runAll(writer: DatabaseSync, statements: readonly Statement[]): WriteResult {
    const rows: (readonly Row[])[] = [];
    for (const [index, { sql, values, mustChange }] of statements.entries()) {
      const { statement, returns } = this.#written.of(writer, sql);
      const returned: readonly Row[] = returns ? statement.all(...values) : [];
      const changed = returns ? returned.length : Number(statement.run(...values).changes);
      if (mustChange !== undefined && changed !== mustChange) return { kind: "conflict", statement: index };
      rows.push(returned);
      this.#unsavedBytes += values.reduce((sum: number, value) => sum + sizeOf(value), bytesPerStatement);
    }
    return { kind: "done", rows };
  }
}

interface Prepared {
  readonly statement: StatementSync;
  /** Whether it answers with rows. */
  readonly returns: boolean;
}

/** Of one connection, each text prepared and looked at once. */
class PreparedStatements {
  readonly #known = new Map<string, Prepared>();

  of(connection: DatabaseSync, sql: string): Prepared {
    const known = this.#known.get(sql);
    if (known !== undefined) return known;
    if (this.#known.size >= preparedStatementsMax) this.#known.clear();
    const statement = connection.prepare(sql);
    const prepared = { statement, returns: statement.columns().length > 0 };
    this.#known.set(sql, prepared);
    return prepared;
  }

  clear(): void {
    this.#known.clear();
  }
}

/** Every statement dirties at least a page of a table and one of an index; a rough figure suffices. */
const bytesPerStatement = 8 * 1024;
/** Our SQL is a fixed set of texts, so this is never reached unless somebody builds SQL from values. */
const preparedStatementsMax = 500;

function sizeOf(value: SqlValue): number {
  return value instanceof Uint8Array ? value.byteLength : typeof value === "string" ? value.length : 8;
}
