import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { type EarlierDatabases, earlierDataContract } from "../../../test/contracts/earlier-data.ts";
import { custodyStore } from "../stores/index.ts";
import { migrate, readMigrations } from "./migrate.ts";
import { openDatabase } from "./open-database.ts";

const earlier: EarlierDatabases = {
  bytes: (text) => `CAST('${text}' AS BLOB)`,
  opened: async (migrations, rows) => {
    const folder = mkdtempSync(join(tmpdir(), "gatehouse-earlier-"));
    const path = join(folder, "gatehouse.db");
    const file = new DatabaseSync(path);
    migrate(file, readMigrations().slice(0, migrations));
    for (const row of rows) file.exec(row);
    file.close();
    const database = await openDatabase(path);
    onTestFinished(async () => {
      await database.close();
      rmSync(folder, { recursive: true });
    });
    return database;
  },
};

earlierDataContract("SQLite", earlier);

test("a hold on a name with U+0000 in it, written before those were kept as they are listed, holds", async () => {
  const zero = "char(0)";
  const database = await earlier.opened(14, [
    `INSERT INTO audit_hold (id, reason, set_by, set_at, principal, resource)
      VALUES ('hld_1', 'lawsuit', '{"id":"a","issuer":"i","subject":"a","email":null}', 0, 'ü' || ${zero}, 'b/cut' || ${zero} || ${zero} || 'short')`,
    `INSERT INTO audit_hold (id, reason, set_by, set_at, agent)
      VALUES ('hld_2', 'lawsuit', '{"id":"a","issuer":"i","subject":"a","email":null}', 0, 'cursor')`,
  ]);
  const holds = await custodyStore(database).holds(10);
  expect(holds.map(({ scope }) => ("query" in scope ? scope.query : {}))).toEqual([
    { principal: "ü\u{FFFD}", resource: "b/cut\u{FFFD}\u{FFFD}short" },
    { agent: "cursor" },
  ]);
  const change = { sql: "UPDATE audit_hold SET resource = 'b/other'", values: [] };
  await expect(database.write([change])).rejects.toThrow("a hold changes by its release, once");
});
