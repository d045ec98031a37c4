import { z } from "zod";
import type {
  Appended,
  AuditStore,
  EntryRow,
  EntryWithDetail,
  NewestExchanges,
  NotStored,
  StoredAttachment,
  StoredCheckpoint,
  StoredEntry,
} from "#audit";
import { assert } from "#lib/errors";
import { keepDataKey, readDataKey } from "./data-key-rows.ts";
import { type Database, isKnownUnwritten, type Row, type Statement, type WriteResult } from "./database.ts";
import { aboutValues, findEntries, insertListing, readAbout } from "./entry-search.ts";

/** The audit log. Durable when a method resolves, since the database is. */
export function auditStore(database: Database): AuditStore {
  return { ...readingStore(database), ...writingStore(database) };
}

type Reading =
  | "head"
  | "entries"
  | "attachments"
  | "attachment"
  | "checkpoints"
  | "newestCheckpoint"
  | "macKey"
  | "dataKey"
  | "unfinishedIntents"
  | "exchangeEntries"
  | "findEntries"
  | "aboutOf";

function readingStore(database: Database): Pick<AuditStore, Reading> {
  return {
    async head() {
      const [row] = await database.read("SELECT origin, next_index FROM audit_head");
      if (row === undefined) return undefined;
      const { origin, next_index: size } = headRow.parse(row);
      return { origin, size };
    },
    async entries(from, limit) {
      const sql = `SELECT ${entryColumns} FROM audit_entry WHERE entry_index >= ? ORDER BY entry_index LIMIT ?`;
      return (await database.read(sql, [from, limit])).map(parseEntry);
    },
    async attachments(from, to) {
      const rows = await database.read(selectAttachments, [from, to]);
      return rows.map(parseAttachment);
    },
    async attachment(index, role) {
      return (await database.read(selectAttachment, [index, role])).map(parseAttachment)[0];
    },
    async checkpoints(after, limit) {
      const sql = `SELECT ${checkpointColumns} FROM audit_checkpoint WHERE number > ? ORDER BY number LIMIT ?`;
      return (await database.read(sql, [after, limit])).map(parseCheckpointRow);
    },
    async newestCheckpoint() {
      const sql = `SELECT ${checkpointColumns} FROM audit_checkpoint ORDER BY number DESC LIMIT 1`;
      return (await database.read(sql)).map(parseCheckpointRow)[0];
    },
    async macKey(keyId) {
      const [row] = await database.read("SELECT mac_key FROM audit_key WHERE key_id = ?", [keyId]);
      return row === undefined ? { kind: "missing" } : parseMacKey(row);
    },
    dataKey: (keyId) => readDataKey(database, keyId),
    async unfinishedIntents() {
      return (await database.read(selectUnfinished)).map(parseEntry);
    },
    async exchangeEntries(query) {
      const { sql, values } =
        "exchangeId" in query
          ? { sql: selectExchange, values: [query.exchangeId] }
          : selectNewestExchanges(query);
      return (await database.read(sql, values)).map(parseEntryWithDetail);
    },
    findEntries: (query) => findEntries(database, query),
    aboutOf: (index) => readAbout(database, index),
  };
}

function writingStore(database: Database): Omit<AuditStore, Reading> {
  return {
    async create(origin) {
      const sql = "INSERT INTO audit_head (one, origin, next_index) VALUES (1, ?, 0) ON CONFLICT DO NOTHING";
      return stored(await attempt(database, [{ sql, values: [origin] }]));
    },
    append: (row) => appendWith(database, row, []),
    async addCheckpoint({ size, note, signedAt }) {
      const sql = "INSERT INTO audit_checkpoint (size, note, signed_at) VALUES (?, ?, ?)";
      return stored(await attempt(database, [{ sql, values: [size, note, signedAt.getTime()] }]));
    },
    keepDataKey: (candidate) => keepDataKey(database, candidate),
  };
}

/** What is done in the transaction of an entry, and why it may be that nothing is. */
export interface ActStatement<Why extends string> extends Statement {
  /** Given when `mustChange` does not hold. */
  readonly otherwise?: Why;
}

/** The entry at the next index, and the acts; all of it or nothing. */
export async function appendWith<Why extends string>(
  database: Database,
  { leaf, leafHash, attachments, keyId, about }: EntryRow,
  acts: readonly ActStatement<Why>[],
): Promise<Appended<Why | "key_erased">> {
  const statements: readonly ActStatement<Why | "key_erased">[] = [
    { sql: takeIndex, values: [], mustChange: 1 },
    { sql: insertEntry, values: [leaf, leafHash], mustChange: 1 },
    ...attachments.map(({ role, bytes }) => ({
      sql: insertAttachment,
      values: [role, bytes, keyId ?? null],
      mustChange: 1,
      otherwise: "key_erased" as const,
    })),
    ...acts,
    { sql: insertListing, values: aboutValues(about), mustChange: 1 },
  ];
  const result = await attempt(database, statements);
  if ("why" in result) return result;
  if (result.kind === "done")
    return { kind: "stored", index: indexRow.parse(result.rows[1]?.[0]).entry_index };
  const why = statements[result.statement]?.otherwise;
  assert(why !== undefined, "the log's rows change as the log says");
  return { kind: "declined", why };
}

/** A write that certainly did not happen is a value; anything else that goes wrong is a rejection. */
async function attempt(
  database: Database,
  statements: readonly Statement[],
): Promise<WriteResult | NotStored> {
  try {
    return await database.write(statements);
  } catch (error) {
    if (isKnownUnwritten(error) && error.code !== "database_statement_refused") {
      return { kind: "refused", why: error.message };
    }
    // A constraint that fails says that the stored log is not what we think it is.
    throw error;
  }
}

function stored(result: WriteResult | NotStored): { readonly kind: "stored" } | NotStored {
  if ("why" in result) return result;
  assert(result.kind === "done", "the log's rows change as the log says");
  return { kind: "stored" };
}

// The entry takes the index that the head just gave away, in the same transaction: no gaps, no forks.
const takeIndex = "UPDATE audit_head SET next_index = next_index + 1 WHERE one = 1";
const insertEntry =
  "INSERT INTO audit_entry (entry_index, leaf, leaf_hash) SELECT next_index - 1, ?, ? FROM audit_head RETURNING entry_index";
/** Under a key that was destroyed meanwhile nothing is stored: it would be there, and unreadable, for ever. */
const insertAttachment = `INSERT INTO audit_attachment (entry_index, role, bytes) SELECT next_index - 1, ?, ? FROM audit_head
  WHERE NOT EXISTS (SELECT 1 FROM audit_data_key WHERE key_id = ? AND erased_at IS NOT NULL)`;

const entryColumns = "entry_index, leaf, leaf_hash";
const checkpointColumns = "number, size, note, signed_at";
const selectAttachments = `SELECT entry_index, role, bytes FROM audit_attachment
  WHERE entry_index >= ? AND entry_index < ? ORDER BY entry_index, role`;

const selectAttachment =
  "SELECT entry_index, role, bytes FROM audit_attachment WHERE entry_index = ? AND role = ?";

const selectUnfinished = `SELECT ${entryColumns} FROM audit_entry AS intent
  WHERE kind = 'exchange.intent' AND exchange_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM audit_entry AS later
    WHERE later.exchange_id = intent.exchange_id AND later.entry_index > intent.entry_index
      AND later.kind IN ('exchange.outcome', 'exchange.aborted', 'exchange.refused', 'outcome.unknown'))
  ORDER BY entry_index`;

// Exchange ids sort by time (UUIDv7), so the newest exchanges are the end of the index and no table is scanned.
const withDetail = (exchanges: string): string => `
  SELECT entry.entry_index, entry.leaf, entry.leaf_hash, detail.bytes AS detail
  FROM audit_entry AS entry
  LEFT JOIN audit_attachment AS detail ON detail.entry_index = entry.entry_index AND detail.role = 'detail'
  WHERE entry.exchange_id IN (${exchanges})
  ORDER BY entry.entry_index`;
const selectExchange = withDetail("?");

function selectNewestExchanges({ sessionId, before, limit }: NewestExchanges): Statement {
  const named: readonly (readonly [condition: string, value: string | undefined])[] = [
    ["session_id = ?", sessionId],
    ["exchange_id < ?", before],
  ];
  const asked = named.filter(([, value]) => value !== undefined);
  const where = ["exchange_id IS NOT NULL", ...asked.map(([condition]) => condition)].join(" AND ");
  const sql = withDetail(
    `SELECT DISTINCT exchange_id FROM audit_entry WHERE ${where} ORDER BY exchange_id DESC LIMIT ?`,
  );
  return { sql, values: [...asked.flatMap(([, value]) => value ?? []), limit] };
}

const blob = z.instanceof(Uint8Array);
const count = z.int().min(0);
const headRow = z.object({ origin: z.string(), next_index: count });
const indexRow = z.object({ entry_index: count });
const entryRow = z.object({ entry_index: count, leaf: blob, leaf_hash: blob });
const detailRow = entryRow.extend({ detail: blob.nullable() });
const attachmentRow = z.object({ entry_index: count, role: z.string(), bytes: blob.nullable() });
const checkpointRow = z.object({ number: count, size: count, note: z.string(), signed_at: count });
const keyRow = z.object({ mac_key: blob.nullable() });

function parseEntry(row: Row): StoredEntry {
  const { entry_index: index, leaf, leaf_hash: leafHash } = entryRow.parse(row);
  return { index, leaf, leafHash };
}

function parseEntryWithDetail(row: Row): EntryWithDetail {
  return { ...parseEntry(row), detail: detailRow.parse(row).detail ?? undefined };
}

function parseAttachment(row: Row): StoredAttachment {
  const { entry_index: index, role, bytes } = attachmentRow.parse(row);
  return { index, role, bytes: bytes ?? undefined };
}

function parseCheckpointRow(row: Row): StoredCheckpoint {
  const { number, size, note, signed_at: signedAt } = checkpointRow.parse(row);
  return { number, size, note, signedAt: new Date(signedAt) };
}

function parseMacKey(
  row: Row,
): { readonly kind: "key"; readonly key: Uint8Array } | { readonly kind: "erased" } {
  const { mac_key: key } = keyRow.parse(row);
  return key === null ? { kind: "erased" } : { kind: "key", key };
}
