import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Database } from "../stores/index.ts";
import { openDatabase, openDatabaseForReading } from "./index.ts";
import { requireDurable } from "./open-files.ts";

let folder: string;
let path: string;
let open: Database[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-db-"));
  path = join(folder, "gatehouse.db");
  open = [];
});
afterEach(async () => {
  for (const database of open) await database.close();
  rmSync(folder, { recursive: true });
});

async function opened(promise: Promise<Database>): Promise<Database> {
  const database = await promise;
  open.push(database);
  return database;
}

const insert = (key: string) => ({
  sql: "INSERT INTO audit_key (key_id, mac_key) VALUES (?, ?)",
  values: [key, new Uint8Array(32)],
});

test("a second server on the same data folder is refused, and told which folder", async () => {
  await opened(openDatabase(path));
  const second = openDatabase(path);
  await expect(second).rejects.toMatchObject({ code: "data_folder_in_use" });
  await expect(second).rejects.toThrow(folder);
});

test("a folder is free again once its server has closed", async () => {
  await (await openDatabase(path)).close();
  await opened(openDatabase(path));
});

test("a database that reports weaker durability than asked for is refused, and says what it reports", () => {
  for (const pragmas of [
    { journalMode: "delete", synchronous: 2 },
    { journalMode: "memory", synchronous: 2 },
    { journalMode: "wal", synchronous: 1 },
    { journalMode: "wal", synchronous: 0 },
    { journalMode: "wal", synchronous: undefined },
  ]) {
    expect(() => requireDurable(path, pragmas)).toThrow(
      `journal_mode=${pragmas.journalMode} and synchronous=${String(pragmas.synchronous)}`,
    );
  }
  expect(() => requireDurable(path, { journalMode: "wal", synchronous: 2 })).not.toThrow();
});

test("a path that is a folder is refused with a sentence", async () => {
  mkdirSync(path);
  await expect(openDatabase(path)).rejects.toMatchObject({ code: "database_unusable" });
});

test("a file that is not a database is refused", async () => {
  writeFileSync(path, "not a database, but long enough to be taken for the header of one".repeat(20));
  await expect(openDatabase(path)).rejects.toMatchObject({ code: "database_unusable" });
});

test("a reader works beside a running server, sees what was written, and cannot write", async () => {
  const database = await opened(openDatabase(path));
  const reader = await opened(openDatabaseForReading(path));
  await database.write([insert("seen")]);
  expect(await reader.read("SELECT key_id FROM audit_key")).toEqual([{ key_id: "seen" }]);
  await expect(reader.write([insert("mine")])).rejects.toMatchObject({ code: "database_statement_refused" });
});

test("opening for reading creates nothing", async () => {
  await expect(openDatabaseForReading(path)).rejects.toMatchObject({ code: "database_missing" });
  expect(existsSync(path)).toBe(false);
});

test("the database, its WAL and its lock are private to our own user", async () => {
  const database = await opened(openDatabase(path));
  await database.write([insert("x")]);
  for (const suffix of ["", "-wal", "-shm", ".lock"]) {
    expect(statSync(`${path}${suffix}`).mode & 0o077).toBe(0);
  }
});
