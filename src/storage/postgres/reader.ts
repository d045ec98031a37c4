import { Pool } from "pg";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { overload } from "../group-commit.ts";
import type { Row, SqlValue } from "../stores/database.ts";
import { parameterOf } from "./column-values.ts";
import { failureOf } from "./postgres-failure.ts";
import { clientConfig, nameOf, type PostgresServer } from "./session.ts";
import { PreparedTexts } from "./statement-text.ts";

/**
 * Reads beside the session that writes, so that a long search holds up no commit. Sees whatever was committed before it was
 * asked. A lost session is replaced by the next question: nothing hangs on it.
 */
export class Reader {
  readonly #server: PostgresServer;
  readonly #pool: Pool;
  readonly #texts = new PreparedTexts();
  #waiting = 0;

  constructor(server: PostgresServer) {
    this.#server = server;
    this.#pool = new Pool({ ...clientConfig(server, "read"), max: limits.databaseReadersMax });
    // Of an idle session that ended; the pool has dropped it already.
    this.#pool.on("error", () => undefined);
  }

  async read(sql: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> {
    if (this.#pool.ending) {
      throw new GatehouseError("database_closed", `The ${nameOf(this.#server)} is closed.`);
    }
    if (this.#waiting >= limits.databaseQueueMax) throw overload();
    this.#waiting += 1;
    try {
      const { rows } = await this.#pool.query<Row>({
        ...this.#texts.of(sql),
        values: values.map(parameterOf),
      });
      return rows;
    } catch (error) {
      throw this.#refused(error);
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Whatever was asked before is answered first. */
  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
  }

  /** A question that was not answered changed nothing, so it may be asked again. */
  #refused(error: unknown): GatehouseError {
    const { code, message } = failureOf(error);
    const isOurs = code === "database_statement_refused";
    return isOurs
      ? new GatehouseError(code, message)
      : new GatehouseError("database_busy", `The ${nameOf(this.#server)} does not answer: ${message}`, {
          cause: error,
        });
  }
}
