import { z } from "zod";
import { assert } from "#lib/errors";
import type { OutgoingEntry, SinkStore } from "#sinks";
import type { Database, Row } from "./database.ts";

/** What sinks read of the log, and their cursors. */
export function sinkStore(database: Database): SinkStore {
  return {
    async publishedSize() {
      const [row] = await database.read("SELECT size FROM audit_checkpoint ORDER BY number DESC LIMIT 1");
      return row === undefined ? 0 : sizeRow.parse(row).size;
    },
    async entries({ from, to }, withDetail) {
      const rows = await database.read(withDetail ? selectDetailed : selectEntries, [from, to]);
      return rows.map(parseEntry);
    },
    async cursor(sink) {
      const [row] = await database.read("SELECT next_index FROM sink_cursor WHERE name = ?", [sink]);
      return row === undefined ? 0 : cursorRow.parse(row).next_index;
    },
    async advance(sink, { from, to }) {
      const result = await database.write([{ sql: advanceCursor, values: [sink, to, from] }]);
      assert(result.kind === "done", "a cursor was advanced, or was elsewhere");
      return (result.rows[0]?.length ?? 0) === 1;
    },
    async move(sink, to) {
      const result = await database.write([{ sql: moveCursor, values: [sink, to] }]);
      assert(result.kind === "done", "a cursor was moved");
    },
  };
}

const from = `FROM audit_entry AS e LEFT JOIN audit_listing AS a ON a.entry_index = e.entry_index`;
const columns = "e.entry_index, e.leaf, e.leaf_hash, a.principal, a.agent, a.resource";
const range = "WHERE e.entry_index >= ? AND e.entry_index < ? ORDER BY e.entry_index";
const selectEntries = `SELECT ${columns} ${from} ${range}`;
// Details only: recordings are never read here.
const selectDetailed = `SELECT ${columns}, d.bytes AS detail ${from}
  LEFT JOIN audit_attachment AS d ON d.entry_index = e.entry_index AND d.role = 'detail' ${range}`;

const moveCursor = `INSERT INTO sink_cursor (name, next_index) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET next_index = excluded.next_index`;
const advanceCursor = `${moveCursor} WHERE sink_cursor.next_index = ? RETURNING name`;

const count = z.int().min(0);
const name = z.string().nullable();
const blob = z.instanceof(Uint8Array);
const sizeRow = z.object({ size: count });
const cursorRow = z.object({ next_index: count });
const entryRow = z.object({
  entry_index: count,
  leaf: blob,
  leaf_hash: blob,
  principal: name,
  agent: name,
  resource: name,
  detail: blob.nullish(),
});

function parseEntry(row: Row): OutgoingEntry {
  const { entry_index: index, leaf, leaf_hash: leafHash, detail, ...about } = entryRow.parse(row);
  const { principal, agent, resource } = about;
  return {
    index,
    leaf,
    leafHash,
    about: {
      ...(principal === null ? {} : { principal }),
      ...(agent === null ? {} : { agent }),
      ...(resource === null ? {} : { resource }),
    },
    detail: detail ?? undefined,
  };
}
