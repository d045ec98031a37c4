import { z } from "zod";
import type { NewDataKey, NotStored, StoredDataKey } from "#audit";
import { assert } from "#lib/errors";
import { type Database, isKnownUnwritten, type Row } from "./database.ts";

// Keys of sealed attachments as they are stored: wrapped, or destroyed. What destroys them is in custody-store.ts.

export async function readDataKey(database: Database, keyId: string): Promise<StoredDataKey> {
  const sql = "SELECT wrapped, wrapped_by FROM audit_data_key WHERE key_id = ?";
  const [row] = await database.read(sql, [keyId]);
  return row === undefined ? { kind: "missing" } : parseDataKey(row);
}

/** The first one stays, whoever else offers another. */
export async function keepDataKey(
  database: Database,
  { keyId, scope, wrapped, by, at }: NewDataKey,
): Promise<StoredDataKey | NotStored> {
  try {
    const result = await database.write([
      { sql: insertDataKey, values: [keyId, scope, wrapped, by, at.getTime()] },
      // RETURNING says nothing when the key is there already; an update that changes nothing reads it back.
      { sql: readBack, values: [keyId], mustChange: 1 },
    ]);
    assert(result.kind === "done", "a key that was kept is there");
    return parseDataKey(result.rows[1]?.[0] ?? {});
  } catch (error) {
    const isUnwritten = isKnownUnwritten(error) && error.code !== "database_statement_refused";
    if (isUnwritten) return { kind: "refused", why: error.message };
    throw error;
  }
}

const insertDataKey = `INSERT INTO audit_data_key (key_id, scope, wrapped, wrapped_by, made_at) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
const readBack = "UPDATE audit_data_key SET key_id = key_id WHERE key_id = ? RETURNING wrapped, wrapped_by";

const dataKeyRow = z.object({
  wrapped: z.instanceof(Uint8Array).nullable(),
  wrapped_by: z.string().nullable(),
});

function parseDataKey(row: Row): StoredDataKey {
  const { wrapped: bytes, wrapped_by: by } = dataKeyRow.parse(row);
  return bytes === null || by === null ? { kind: "erased" } : { kind: "wrapped", by, bytes };
}
