import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { systemClock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** `0001-audit.sql`: four digits, without gaps, never edited once released. */
const fileName = /^(\d{4})-[a-z0-9-]+\.sql$/;

export function readMigrations(
  folder: URL = new URL("./migrations/", import.meta.url),
): readonly Migration[] {
  const files = readdirSync(folder).filter((name) => fileName.test(name));
  return files.sort().map((name) => {
    const sql = readFileSync(new URL(name, folder), "utf8");
    return {
      number: Number(name.slice(0, 4)),
      name,
      sql,
      sha256: createHash("sha256").update(sql).digest("hex"),
    };
  });
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

function requireKnown(applied: ReadonlyMap<number, string>, migrations: readonly Migration[]): void {
  const known = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const [number, sha256] of applied) {
    const migration = known.get(number);
    if (migration === undefined) {
      throw new GatehouseError(
        "database_newer",
        `The database has migration ${number}, which this version does not know. Use the Gatehouse that wrote it, or a newer one.`,
      );
    }
    if (migration.sha256 !== sha256) {
      throw new GatehouseError(
        "migration_changed",
        `${migration.name} is not what was applied to this database. Migrations only go forward: restore the file and add a new one.`,
      );
    }
  }
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
