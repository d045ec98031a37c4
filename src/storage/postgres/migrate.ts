import type { Client } from "pg";
import { systemClock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import { type Migration, readMigrationsIn, requireKnown } from "../migrations.ts";
import type { Row, SqlValue } from "../stores/database.ts";

export function readMigrations(folder = new URL("./migrations/", import.meta.url)): readonly Migration[] {
  return readMigrationsIn(folder);
}

/**
 * Applies what is missing, each file in one transaction. Called by whoever holds the lock of the log, so that nobody else
 * does the same. When nothing is missing, nothing is needed but the right to read. Throws `migration_changed`,
 * `migration_failed` or `database_newer`.
 */
export async function migrate(
  session: Client,
  migrations: readonly Migration[] = readMigrations(),
): Promise<void> {
  const ask = async (sql: string): Promise<readonly Row[]> => (await session.query<Row>(sql)).rows;
  const applied = await appliedMigrations(ask);
  requireKnown(applied ?? new Map(), migrations);
  if (applied === undefined) await run(session, "the table of migrations", createTable, []);
  for (const { number, name, sql, sha256 } of migrations) {
    if (applied?.has(number) === true) continue;
    await run(session, name, sql, [number, name, sha256, systemClock.now().getTime()]);
  }
}

const createTable =
  "CREATE TABLE migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)";
const insertMigration = "INSERT INTO migration (number, name, sha256, applied_at) VALUES ($1, $2, $3, $4)";

async function run(session: Client, name: string, sql: string, values: readonly SqlValue[]): Promise<void> {
  try {
    await session.query("BEGIN");
    // What takes long here takes as long as it must.
    await session.query("SET LOCAL statement_timeout = 0");
    await session.query(sql);
    if (values.length > 0) await session.query(insertMigration, [...values]);
    await session.query("COMMIT");
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined);
    throw new GatehouseError("migration_failed", `${name} could not be applied.`, { cause: error });
  }
}

/** A reader never migrates. Throws `database_foreign`, `database_newer` or `migration_changed`. */
export async function requireReadable(
  ask: (sql: string) => Promise<readonly Row[]>,
  name: string,
  migrations: readonly Migration[] = readMigrations(),
): Promise<void> {
  const applied = await appliedMigrations(ask);
  if (applied === undefined || applied.size === 0)
    throw new GatehouseError("database_foreign", `The ${name} is not a Gatehouse database.`);
  requireKnown(applied, migrations);
}

/** SHA-256 by number; `undefined` where nothing was ever applied. */
async function appliedMigrations(
  ask: (sql: string) => Promise<readonly Row[]>,
): Promise<ReadonlyMap<number, string> | undefined> {
  const [table] = await ask("SELECT to_regclass('migration') IS NOT NULL AS is_there");
  if (table?.["is_there"] !== 1) return undefined;
  const rows = await ask("SELECT number, sha256 FROM migration");
  return new Map(rows.map((row) => [Number(row["number"]), String(row["sha256"])]));
}
