import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LogVerification, type OpenAuditLog, openAuditLog, verifyLog } from "#audit";
import { keysOf } from "../../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../../test/fakes/log-signer.ts";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../../test/fakes/manual-timer.ts";
import { auditStore, type Database } from "../stores/index.ts";
import { openDatabase, openDatabaseForReading } from "./index.ts";

const signer = newLogSigner();
let folder: string;
let path: string;
let database: Database;
let log: OpenAuditLog;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-audit-"));
  path = join(folder, "gatehouse.db");
  database = await openDatabase(path);
  const store = auditStore(database);
  log = await openAuditLog({
    store,
    keys: keysOf(store),
    signer,
    clock: manualClock(),
    timer: manualTimer(),
    onFailed: () => undefined,
  });
  for (const n of [1, 2, 3, 4]) {
    await log.append({ kind: "exchange.intent", sessionId: "ses_1", exchangeId: `exc_${n}`, detail: { n } });
    await log.append({ kind: "exchange.outcome", sessionId: "ses_1", exchangeId: `exc_${n}`, status: 200 });
  }
});
afterEach(async () => {
  await log.close();
  await database.close();
  rmSync(folder, { recursive: true });
});

/** Stops the server, lets somebody with the file at a copy of it, and reads the copy as an auditor would. */
async function verdictOnCopy(tampering: string): Promise<LogVerification> {
  await log.close();
  await database.close();
  const copy = join(folder, "copy.db");
  copyFileSync(path, copy);
  const raw = new DatabaseSync(copy);
  const triggers = raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all();
  for (const { name } of triggers) raw.exec(`DROP TRIGGER ${String(name)}`);
  raw.exec(`PRAGMA foreign_keys = OFF; ${tampering}`);
  raw.close();
  const reading = await openDatabaseForReading(copy);
  try {
    const stored = auditStore(reading);
    return await verifyLog(stored, { verifierKey: signer.verifierKey, keys: keysOf(stored) });
  } finally {
    await reading.close();
  }
}

test("the database itself refuses to change, delete, skip or reorder what is on record", async () => {
  await log.close();
  for (const sql of [
    "UPDATE audit_entry SET leaf = leaf WHERE entry_index = 1",
    "UPDATE audit_entry SET entry_index = 99 WHERE entry_index = 1",
    "DELETE FROM audit_entry WHERE entry_index = 8",
    "INSERT INTO audit_entry (entry_index, leaf, leaf_hash) VALUES (99, x'7b7d', zeroblob(32))",
    "INSERT OR REPLACE INTO audit_entry (entry_index, leaf, leaf_hash) VALUES (1, x'7b7d', zeroblob(32))",
    "INSERT INTO audit_entry (entry_index, leaf, leaf_hash) VALUES (9, x'', zeroblob(32))",
    "INSERT INTO audit_entry (entry_index, leaf, leaf_hash) VALUES (9, zeroblob(70000), zeroblob(32))",
    "UPDATE audit_head SET next_index = 2",
    "UPDATE audit_head SET origin = 'other.example/log'",
    "DELETE FROM audit_head",
    "UPDATE audit_checkpoint SET note = 'forged'",
    "DELETE FROM audit_checkpoint",
    "INSERT INTO audit_checkpoint (size, note, signed_at) VALUES (1, 'shrunk', 0)",
  ]) {
    await expect(database.write([{ sql, values: [] }]), sql).rejects.toMatchObject({
      code: "database_statement_refused",
    });
  }
});

test("somebody who owns the file and drops the triggers is found out, and the place is named", async () => {
  const cases: [string, RegExp][] = [
    [
      "UPDATE audit_entry SET leaf = CAST(replace(CAST(leaf AS TEXT), 'exc_2', 'exc_9') AS BLOB) WHERE entry_index = 3",
      /^Entry 3 was changed/,
    ],
    ["DELETE FROM audit_entry WHERE entry_index = 5", /^Entry 5 is missing/],
    ["UPDATE audit_attachment SET bytes = x'00' WHERE entry_index = 1", /^The detail of entry 1 was changed/],
    ["DELETE FROM audit_attachment WHERE entry_index = 7", /^The detail of entry 7 is missing/],
    ["DELETE FROM audit_data_key", /^The detail of entry 1 is there, but the key to check it is missing/],
    ["DELETE FROM audit_entry WHERE entry_index > 6", /^The log ends after 7 entries; checkpoint 2 covers 9/],
    [
      "UPDATE audit_checkpoint SET note = replace(note, char(10) || '9' || char(10), char(10) || '8' || char(10))",
      /signature of gateway.example\/audit is wrong/,
    ],
  ];
  for (const [tampering, problem] of cases) {
    expect(await verdictOnCopy(tampering), tampering).toMatchObject({
      kind: "broken",
      problem: expect.stringMatching(problem) as string,
    });
  }
});

test("an untouched copy verifies without the server", async () => {
  expect(await verdictOnCopy("")).toMatchObject({
    kind: "verified",
    entries: 9,
    signedEntries: 9,
    attachments: 4,
  });
});

test("a copy taken through SQLite while the server runs verifies", async () => {
  const beside = await openDatabaseForReading(path);
  await beside.read("VACUUM INTO ?", [join(folder, "snapshot.db")]);
  await beside.close();
  const snapshot = await openDatabaseForReading(join(folder, "snapshot.db"));
  expect(await verifyLog(auditStore(snapshot), { verifierKey: signer.verifierKey })).toMatchObject({
    kind: "verified",
    entries: 9,
  });
  await snapshot.close();
});

test("the log can be verified beside the running server", async () => {
  const beside = await openDatabaseForReading(path);
  expect(await verifyLog(auditStore(beside), { verifierKey: signer.verifierKey })).toMatchObject({
    kind: "verified",
    entries: 9,
    signedEntries: 1,
  });
  await beside.close();
});

test("an erasure that no entry tells of is found", async () => {
  expect(
    await verdictOnCopy("UPDATE audit_attachment SET bytes = NULL, erased_at = 1 WHERE entry_index = 3"),
  ).toMatchObject({ problem: "The detail of entry 3 was erased, and no entry says so." });
  expect(
    await verdictOnCopy(
      "UPDATE audit_data_key SET wrapped = NULL, wrapped_by = NULL, erased_at = 1, erasure_entry = 0",
    ),
  ).toMatchObject({ problem: "The detail of entry 1 was erased, and no entry says so." });
});

test("a destroyed key does not come back", async () => {
  await database.write([
    {
      sql: "UPDATE audit_data_key SET wrapped = NULL, wrapped_by = NULL, erased_at = 1, erasure_entry = 0",
      values: [],
    },
  ]);
  for (const sql of [
    "UPDATE audit_data_key SET wrapped = zeroblob(60), wrapped_by = 'file', erased_at = NULL, erasure_entry = NULL",
    "DELETE FROM audit_data_key",
  ]) {
    await expect(database.write([{ sql, values: [] }]), sql).rejects.toMatchObject({
      code: "database_statement_refused",
    });
  }
});
