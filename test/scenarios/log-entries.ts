import { join } from "node:path";
import { z } from "zod";
import { openDatabaseForReading } from "../../src/storage/sqlite/index.ts";
import { auditStore } from "../../src/storage/stores/index.ts";

const shown = z.object({
  kind: z.string(),
  operation: z.string().optional(),
  class: z.string().optional(),
  decision: z.string().optional(),
});

/** The entries of a log, in order, read beside the running server. */
export async function entries(data: string): Promise<z.infer<typeof shown>[]> {
  const database = await openDatabaseForReading(join(data, "gatehouse.db"));
  try {
    const stored = await auditStore(database).entries(0, 100_000);
    return stored.map(({ leaf }) => shown.parse(JSON.parse(Buffer.from(leaf).toString())));
  } finally {
    await database.close();
  }
}
