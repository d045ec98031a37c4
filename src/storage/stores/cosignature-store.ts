import { z } from "zod";
import { assert } from "#lib/errors";
import type { CosignatureStore, StoredCosignature } from "#witness";
import type { Database, Row } from "./database.ts";

/** Cosignatures. Times are milliseconds since 1970. */
export function cosignatureStore(database: Database): CosignatureStore {
  return {
    async keep({ size, cosigner, line, at }) {
      const values = [size, cosigner, line, at.getTime()];
      const result = await database.write([{ sql: keepCosignature, values }]);
      assert(result.kind === "done", "a cosignature was kept");
    },
    async of(size) {
      const sql = `SELECT ${columns} FROM audit_cosignature WHERE size = ? ORDER BY cosigner`;
      return (await database.read(sql, [size])).map(parseCosignature);
    },
    async newestOf(cosigner) {
      const sql = `SELECT ${columns} FROM audit_cosignature WHERE cosigner = ? ORDER BY size DESC LIMIT 1`;
      return (await database.read(sql, [cosigner])).map(parseCosignature)[0];
    },
    async largestSize() {
      const [found] = await database.read("SELECT coalesce(max(size), 0) AS size FROM audit_cosignature");
      return largestRow.parse(found).size;
    },
  };
}

const columns = "size, cosigner, line, cosigned_at";
const keepCosignature = `INSERT INTO audit_cosignature (${columns}) VALUES (?, ?, ?, ?)
  ON CONFLICT (cosigner, size) DO UPDATE SET line = excluded.line, cosigned_at = excluded.cosigned_at`;

const largestRow = z.object({ size: z.int().min(0) });
const row = z.object({
  size: z.int().min(1),
  cosigner: z.string(),
  line: z.string(),
  cosigned_at: z.number().transform((ms) => new Date(ms)),
});

function parseCosignature(found: Row): StoredCosignature {
  const { size, cosigner, line, cosigned_at: at } = row.parse(found);
  return { size, cosigner, line, at };
}
