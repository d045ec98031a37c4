import { z } from "zod";
import type { ArchiveStore } from "#archive";
import { assert } from "#lib/errors";
import type { Database, Row } from "./database.ts";

/** What is archived. A size never goes back. */
export function archiveStore(database: Database): ArchiveStore {
  return {
    async reached(place, size, at) {
      const result = await database.write([{ sql: reach, values: [place, size, at.getTime()] }]);
      assert(result.kind === "done", "the archive's size was kept");
    },
    async sizeAt(place) {
      const [row] = await database.read("SELECT size FROM audit_archive WHERE place = ?", [place]);
      return row === undefined ? 0 : sizeOf(row);
    },
    async largestSize() {
      const [row] = await database.read("SELECT coalesce(max(size), 0) AS size FROM audit_archive");
      return row === undefined ? 0 : sizeOf(row);
    },
  };
}

const reach = `INSERT INTO audit_archive (place, size, archived_at) VALUES (?, ?, ?)
  ON CONFLICT (place) DO UPDATE SET size = excluded.size, archived_at = excluded.archived_at
  WHERE excluded.size >= audit_archive.size`;
const sizeRow = z.object({ size: z.int().min(0) });

function sizeOf(row: Row): number {
  return sizeRow.parse(row).size;
}
