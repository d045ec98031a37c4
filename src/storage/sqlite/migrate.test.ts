import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { migrate, readMigrations, requireReadable } from "./migrate.ts";

let folder: string;
let database: DatabaseSync;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-migrations-"));
  database = new DatabaseSync(":memory:");
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

function migrationsOf(files: Record<string, string>) {
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(folder, name), sql);
  return readMigrations(pathToFileURL(`${folder}/`));
}

const first = { "0001-first.sql": "CREATE TABLE one (a);" };
const second = { "0002-second.sql": "CREATE TABLE two (a); INSERT INTO two VALUES (1);" };
const tables = (): unknown[] =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map((row) => row["name"]);

test("a migration that was edited after it was applied is refused", () => {
  migrate(database, migrationsOf(first));
  const edited = migrationsOf({ "0001-first.sql": "CREATE TABLE one (a, b);" });
  expect(() => migrate(database, edited)).toThrow("0001-first.sql is not what was applied");
});

test("a database of a newer version is refused, for serving and for reading", () => {
  migrate(database, migrationsOf({ ...first, ...second }));
  const older = migrationsOf(first).slice(0, 1);
  expect(() => migrate(database, older)).toThrow("migration 2, which this version does not know");
  expect(() => requireReadable(database, "x.db", older)).toThrow("migration 2");
});

test("a file that is not ours is refused to a reader", () => {
  expect(() => requireReadable(database, "x.db", migrationsOf(first))).toThrow(
    "x.db is not a Gatehouse database",
  );
});

test("evidence that an older Gatehouse wrote can be read, and is left as it is", () => {
  migrate(database, migrationsOf(first));
  requireReadable(database, "x.db", migrationsOf(second));
  expect(tables()).toEqual(["migration", "one"]);
});

test("a migration that fails half way leaves nothing of itself, and names itself", () => {
  const failing = migrationsOf({
    ...first,
    "0002-broken.sql": "CREATE TABLE half (a); CREATE TABLE one (a);",
  });
  expect(() => migrate(database, failing)).toThrow("0002-broken.sql could not be applied");
  expect(tables()).toEqual(["migration", "one"]);
});

test("migrations are applied in order, each once", () => {
  migrate(database, migrationsOf(first));
  migrate(database, migrationsOf(second));
  migrate(database, migrationsOf({}));
  expect(database.prepare("SELECT count(*) AS n FROM two").get()).toEqual({ n: 1 });
});

test("the migrations we ship are numbered without gaps", () => {
  const numbers = readMigrations().map(({ number }) => number);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  expect(numbers.length).toBeGreaterThanOrEqual(2);
});
