import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openDatabase } from "../../src/storage/sqlite/index.ts";
import type { Database } from "../../src/storage/stores/index.ts";

/** A SQLite database that goes with the test. */
export async function temporaryDatabase(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-contract-"));
  const database = await openDatabase(join(folder, "gatehouse.db"));
  onTestFinished(async () => {
    await database.close();
    rmSync(folder, { recursive: true });
  });
  return database;
}
