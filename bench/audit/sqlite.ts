import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openDatabase, openDatabaseForReading } from "../../src/storage/sqlite/index.ts";
import { type BareInserts, bareRowBytes, type Engine, type Filling, type Place, writers } from "./engine.ts";
import { type LogRows, logTableNames, logTables, origin } from "./log-rows.ts";

export function sqliteEngine(): Engine {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
  let places = 0;
  return {
    name: "SQLite",
    newPlace: async () => {
      places += 1;
      mkdirSync(join(folder, String(places)));
      return newPlace(join(folder, String(places), "gatehouse.db"));
    },
    openBare: async () => openBare(join(folder, "bare.db")),
    close: async () => rmSync(folder, { recursive: true }),
  };
}

async function newPlace(path: string): Promise<Place> {
  await (await openDatabase(path)).close();
  return {
    fill: async () => fill(path),
    openForServing: () => openDatabase(path),
    openForReading: () => openDatabaseForReading(path),
  };
}

function fill(path: string): Filling {
  const database = new DatabaseSync(path);
  for (const pragma of ["journal_mode=OFF", "synchronous=OFF", "cache_size=-200000", "foreign_keys=OFF"])
    database.exec(`PRAGMA ${pragma}`);
  const setAside = database
    .prepare(
      "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL",
    )
    .all();
  for (const { type, name } of setAside) database.exec(`DROP ${String(type)} ${String(name)}`);
  const insert = insertsOf(database);
  return {
    add: async (rows) => {
      database.exec("BEGIN");
      insert(rows);
      database.exec("COMMIT");
    },
    finish: async (entries) => {
      database
        .prepare("INSERT INTO audit_head (one, origin, next_index) VALUES (1, ?, ?)")
        .run(origin, entries);
      for (const { sql } of setAside) database.exec(String(sql));
      database.close();
      syncFile(path);
    },
  };
}

function insertsOf(database: DatabaseSync): (rows: LogRows) => void {
  const tables = logTableNames.map((name) => {
    const columns = logTables[name];
    const marks = columns.map(() => "?").join(", ");
    return {
      name,
      insert: database.prepare(`INSERT INTO ${name} (${columns.join(", ")}) VALUES (${marks})`),
    };
  });
  return (rows) => {
    for (const { name, insert } of tables) for (const row of rows[name]) insert.run(...row);
  };
}

function syncFile(path: string): void {
  const descriptor = openSync(path, "r+");
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** SQLite has one writer at a time, so that many clients would only take turns at what the loop does. */
function openBare(path: string): BareInserts {
  const database = new DatabaseSync(path);
  database.exec(
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE bare (n INTEGER PRIMARY KEY, leaf BLOB)",
  );
  const statement = database.prepare("INSERT INTO bare (leaf) VALUES (?)");
  const inserting = (rowsOfCommit: number) => async (rows: number) => {
    for (let n = 0; n < rows; n += rowsOfCommit) {
      database.exec("BEGIN IMMEDIATE");
      for (let row = 0; row < rowsOfCommit; row += 1) statement.run(randomBytes(bareRowBytes));
      database.exec("COMMIT");
    }
  };
  return {
    loop: { what: "one loop, one row a commit", insert: inserting(1) },
    others: [{ what: `one loop, ${writers} rows a commit`, insert: inserting(writers) }],
    close: async () => database.close(),
  };
}
