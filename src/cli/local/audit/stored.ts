import { join } from "node:path";
import type { AuditStore } from "#audit";
import type { StoredPlace } from "./log-place.ts";

/** Reads the log as the gateway keeps it, beside a running server or without one, and changes nothing. */
export async function withStoredLog<Result>(
  { folder, database: configured }: StoredPlace,
  act: (store: AuditStore) => Promise<Result>,
): Promise<Result> {
  const { openReadingDatabase } = await import("../../../composition/database.ts");
  const { auditStore } = await import("../../../storage/stores/index.ts");
  const database = await openReadingDatabase(configured, join(folder, "gatehouse.db"));
  try {
    return await act(auditStore(database));
  } finally {
    await database.close();
  }
}
