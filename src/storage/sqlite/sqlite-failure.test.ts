import { expect, test } from "vitest";
import { failureOf } from "./sqlite-failure.ts";

const failing = (errcode: number): string => failureOf(Object.assign(new Error("no"), { errcode })).code;

test("an error that leaves the disk unknown stops the database: failed syncs, input and output, corruption, memory", () => {
  const unknown = {
    ioerr: 10,
    fsync: 1034,
    dirFsync: 1290,
    write: 778,
    corrupt: 11,
    nomem: 7,
    cantopen: 14,
    notadb: 26,
  };
  for (const [name, code] of Object.entries(unknown)) expect(failing(code), name).toBe("database_failed");
});

test("a database file that was moved or replaced under us stops the database", () => {
  expect(failing(1032)).toBe("database_failed"); // SQLITE_READONLY_DBMOVED
});

test("an error nobody has heard of stops the database", () => {
  expect(failing(9_999)).toBe("database_failed");
  expect(failureOf(new Error("not from SQLite")).code).toBe("database_failed");
  expect(failureOf("not even an error").code).toBe("database_failed");
});

test("only errors that certainly left no trace are survived", () => {
  expect(failing(13)).toBe("database_full");
  expect(failing(5)).toBe("database_busy");
  expect(failing(517)).toBe("database_busy"); // SQLITE_BUSY_SNAPSHOT
  expect(failing(1555)).toBe("database_statement_refused"); // SQLITE_CONSTRAINT_PRIMARYKEY
  expect(failing(8)).toBe("database_statement_refused");
});
