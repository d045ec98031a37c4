import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { GatehouseError } from "#lib/errors";

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** `0001-audit.sql`: four digits, without gaps, never edited once released. */
const fileName = /^(\d{4})-[a-z0-9-]+\.sql$/;

export function readMigrationsIn(folder: URL): readonly Migration[] {
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

/** What a database says was applied to it, SHA-256 by number, is what we have. Throws `database_newer` or `migration_changed`. */
export function requireKnown(applied: ReadonlyMap<number, string>, migrations: readonly Migration[]): void {
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
