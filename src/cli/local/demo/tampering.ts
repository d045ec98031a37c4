import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/**
 * Does to a copy of the data folder what a malicious administrator would do to the original: drops the triggers that
 * guard the entries and changes one byte of one leaf. Returns the copy and the index of the entry that was changed.
 */
export async function tamperWithCopy(data: string, copy: string): Promise<{ copy: string; index: number }> {
  rmSync(copy, { recursive: true, force: true });
  cpSync(data, copy, { recursive: true });
  const original = new DatabaseSync(join(data, "gatehouse.db"), { readOnly: true });
  // A file copy of a database in use may be torn; this one is consistent.
  rmSync(join(copy, "gatehouse.db"));
  for (const suffix of ["-wal", "-shm"]) rmSync(join(copy, `gatehouse.db${suffix}`), { force: true });
  original.prepare("VACUUM INTO ?").run(join(copy, "gatehouse.db"));
  original.close();
  return { copy, index: changeOneByte(join(copy, "gatehouse.db")) };
}

function changeOneByte(file: string): number {
  const database = new DatabaseSync(file);
  const triggers = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit_entry'")
    .all();
  for (const { name } of triggers) database.exec(`DROP TRIGGER "${String(name)}"`);
  const row = database
    .prepare("SELECT entry_index, leaf FROM audit_entry ORDER BY entry_index LIMIT 1 OFFSET 3")
    .get();
  if (row === undefined || !(row["leaf"] instanceof Uint8Array))
    throw new Error("the log is too short to tamper with");
  const leaf = Buffer.from(row["leaf"]);
  // A digit of its time: still a plausible entry, only another one.
  const digit = leaf.indexOf('"t":"') + '"t":"2026-11-2'.length;
  leaf.writeUInt8(leaf.readUInt8(digit) ^ 0x01, digit);
  database
    .prepare("UPDATE audit_entry SET leaf = ? WHERE entry_index = ?")
    .run(leaf, row["entry_index"] ?? null);
  database.close();
  return Number(row["entry_index"]);
}
