import type { DatabaseSync } from "node:sqlite";
import { systemClock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import { type Migration, readMigrationsIn, requireKnown } from "../migrations.ts";

export function readMigrations(folder = new URL("./migrations/", import.meta.url)): readonly Migration[] {
  return readMigrationsIn(folder);
}

/** Applies what is missing, each file in one transaction. Throws `migration_changed` or `database_newer`. */
export function migrate(database: DatabaseSync, migrations: readonly Migration[] = readMigrations()): void {
  database.exec(
    "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
  );
  const applied = appliedMigrations(database);
  requireKnown(applied, migrations);
  for (const migration of migrations) {
    if (!applied.has(migration.number)) apply(database, migration);
  }
}

/**
 * A reader never migrates: it may be looking at evidence from years ago, or beside a server. Tables are only ever
 * added, so what an older Gatehouse wrote is read as it is. Throws `database_foreign`, `database_newer` or
 * `migration_changed`.
 */
export function requireReadable(
  database: DatabaseSync,
  path: string,
  migrations: readonly Migration[] = readMigrations(),
): void {
  const applied = appliedMigrations(database);
  if (applied.size === 0)
    throw new GatehouseError("database_foreign", `${path} is not a Gatehouse database.`);
  requireKnown(applied, migrations);
}

function appliedMigrations(database: DatabaseSync): ReadonlyMap<number, string> {
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'migration'").get();
  if (table === undefined) return new Map();
  const rows = database.prepare("SELECT number, sha256 FROM migration").all();
  return new Map(rows.map((row) => [Number(row["number"]), String(row["sha256"])]));
}

function apply(database: DatabaseSync, migration: Migration): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    database.exec(migration.sql);
    database
      .prepare("INSERT INTO migration (number, name, sha256, applied_at) VALUES (?, ?, ?, ?)")
      .run(migration.number, migration.name, migration.sha256, systemClock.now().getTime());
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw new GatehouseError("migration_failed", `${migration.name} could not be applied.`, { cause: error });
  }
}
