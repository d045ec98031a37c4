import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { onTestFinished } from "vitest";
import { earlierDataContract } from "../../../test/contracts/earlier-data.ts";
import { migrate, readMigrations } from "./migrate.ts";
import { openDatabase } from "./open-database.ts";

earlierDataContract("SQLite", {
  bytes: (text) => `CAST('${text}' AS BLOB)`,
  opened: async (migrations, rows) => {
    const folder = mkdtempSync(join(tmpdir(), "gatehouse-earlier-"));
    const path = join(folder, "gatehouse.db");
    const earlier = new DatabaseSync(path);
    migrate(earlier, readMigrations().slice(0, migrations));
    for (const row of rows) earlier.exec(row);
    earlier.close();
    const database = await openDatabase(path);
    onTestFinished(async () => {
      await database.close();
      rmSync(folder, { recursive: true });
    });
    return database;
  },
});
