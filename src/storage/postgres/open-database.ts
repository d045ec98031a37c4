import type { Client } from "pg";
import { GatehouseError } from "#lib/errors";
import type { Secret } from "#lib/secret";
import { GroupCommit } from "../group-commit.ts";
import type { Database } from "../stores/database.ts";
import { PostgresEngine } from "./engine.ts";
import { grantTo } from "./grants.ts";
import { migrate, requireReadable } from "./migrate.ts";
import { Reader } from "./reader.ts";
import { lockLog, requireDurable, requireLoggedTables } from "./requirements.ts";
import { nameOf, openSession, type PostgresServer, unreachable } from "./session.ts";

/** The role that owns the tables, where it is not the one that runs the gateway. */
export interface Migrator {
  readonly user: string;
  readonly password: Secret | undefined;
}

/**
 * Opens for serving: alone, durable, and on the newest schema. Throws `database_unreachable`, `database_in_use`,
 * `database_not_durable`, `database_unsuitable`, `database_newer`, `migration_changed` or `migration_failed`.
 */
export async function openPostgres(server: PostgresServer, migrator?: Migrator): Promise<Database> {
  const session = await openSession(server);
  const early = (): void => undefined;
  // Until the engine listens, whatever breaks shows in the question that was asked.
  session.client.on("error", early);
  try {
    await prepare(session.client, server, migrator);
  } catch (error) {
    session.destroy();
    throw error instanceof GatehouseError ? error : unreachable(server, error);
  }
  const writer = new GroupCommit(new PostgresEngine(session, nameOf(server)));
  session.client.off("error", early);
  const reader = new Reader(server);
  return {
    read: (sql, values) => reader.read(sql, values),
    write: (statements) => writer.write(statements),
    // Old versions of rows go with the next vacuum, which is the server's and its owner's to run.
    scrub: () => Promise.resolve("vacuum"),
    close: async () => {
      try {
        await writer.close();
      } finally {
        await reader.close();
      }
    },
  };
}

async function prepare(
  client: Client,
  server: PostgresServer,
  migrator: Migrator | undefined,
): Promise<void> {
  const name = nameOf(server);
  await lockLog(client, name);
  await requireDurable(client, name);
  if (migrator === undefined) await migrate(client);
  else await migrateAs({ ...server, ...migrator }, server.user);
  await requireLoggedTables(client, name);
}

async function migrateAs(server: PostgresServer, grantee: string): Promise<void> {
  const { client, destroy } = await openSession(server);
  client.on("error", () => undefined);
  try {
    await migrate(client);
    await grantTo(client, grantee);
  } finally {
    destroy();
  }
}

/** Opens for reading beside a running gateway. Takes no lock and changes nothing; `write` is refused. */
export async function openPostgresForReading(server: PostgresServer): Promise<Database> {
  const reader = new Reader(server);
  try {
    await requireReadable((sql) => reader.read(sql), nameOf(server));
  } catch (error) {
    await reader.close();
    throw error instanceof GatehouseError && error.code === "database_busy"
      ? unreachable(server, error.cause)
      : error;
  }
  return {
    read: (sql, values) => reader.read(sql, values),
    write: () =>
      Promise.reject(
        new GatehouseError("database_statement_refused", "This database was opened for reading only."),
      ),
    scrub: () => Promise.resolve("later"),
    close: () => reader.close(),
  };
}
