import { z } from "zod";
import { assert } from "#lib/errors";
import type { Database, Statement } from "./database.ts";
import { findablePart, foldedName } from "./findable-name.ts";

/**
 * Gives rows of sessions and logins that an earlier version wrote their folded name, and entries that it listed under a name as the
 * engine folds it the right one: an engine's `lower()` knows ASCII only, or what its locale knows. Called before anybody else
 * writes; after the first time it finds nothing to do. Begins again where it was interrupted.
 */
export async function foldNames(database: Database): Promise<void> {
  await foldAll(database, selectSessions, sessionStatements);
  await foldAll(database, selectLogins, ({ id, name }) => [
    { sql: "UPDATE login SET folded_name = ? WHERE digest = ?", values: [foldedName(name), id] },
  ]);
}

async function foldAll(
  database: Database,
  select: string,
  statementsOf: (row: Unfolded) => readonly Statement[],
): Promise<void> {
  for (;;) {
    const rows = (await database.read(select, [foldedAtOnce])).map((row) => unfolded.parse(row));
    if (rows.length === 0) return;
    const result = await database.write(rows.flatMap(statementsOf));
    assert(result.kind === "done", "names were folded");
  }
}

function sessionStatements({ id, name, listed }: Unfolded): readonly Statement[] {
  const folded = foldedName(name);
  const own = { sql: "UPDATE session SET folded_name = ? WHERE id = ?", values: [folded, id] };
  if (folded === listed) return [own];
  const sql = "UPDATE audit_listing SET principal = ? WHERE session_id = ? AND principal = ?";
  return [own, { sql, values: [folded, id, listed] }];
}

const foldedAtOnce = 100;
/** `listed` is how entries of the session were listed where they named nobody. */
const selectSessions = `SELECT id, coalesce(email, subject) AS name,
    ${findablePart("lower(coalesce(email, subject))")} AS listed
  FROM session WHERE folded_name IS NULL ORDER BY id LIMIT ?`;
const selectLogins = `SELECT digest AS id, coalesce(email, subject) AS name, '' AS listed
  FROM login WHERE folded_name IS NULL ORDER BY digest LIMIT ?`;

const unfolded = z.object({ id: z.string(), name: z.string(), listed: z.string() });
type Unfolded = z.infer<typeof unfolded>;
