import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../storage/sqlite/index.ts";
import { sessionStore } from "../storage/stores/index.ts";
import { openServingDatabase } from "./database.ts";

test("a session that an earlier version opened is stopped by its person's address, whatever letters it has, from the next start on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-serving-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "gatehouse.db");
  const earlier = await openDatabase(file);
  const sql = `INSERT INTO session (id, principal_id, issuer, subject, email, groups, agent, started_at, ends_at)
    VALUES ('ses_1', 'p', 'i', 's', 'JÜRGEN@example.com', '[]', 'cursor', 0, 9000)`;
  await earlier.write([{ sql, values: [] }]);
  await earlier.close();
  const database = await openServingDatabase({ kind: "sqlite" }, file);
  onTestFinished(() => database.close());
  const stopped = await sessionStore(database).stop({ principal: "jürgen@example.com" }, new Date(1));
  expect(stopped).toEqual(["ses_1"]);
});
