import { join } from "node:path";
import type { AuditStore, DataKeys } from "#audit";

/** The keys of a stored log, as far as the folder has what unwraps them. */
export async function storedKeys(folder: string, store: AuditStore): Promise<DataKeys> {
  const [{ DataKeys }, { readFileKeyProvider }] = await Promise.all([import("#audit"), import("#keys")]);
  const provider = readFileKeyProvider(join(folder, "keys", "wrapping.keys"));
  return new DataKeys(store, provider === undefined ? [] : [provider]);
}

/** Reads the log of a data folder, beside a running server or without one, and changes nothing. */
export async function withStoredLog<Result>(
  folder: string,
  act: (store: AuditStore) => Promise<Result>,
): Promise<Result> {
  const { openDatabaseForReading } = await import("../../../storage/sqlite/index.ts");
  const { auditStore } = await import("../../../storage/stores/index.ts");
  const database = await openDatabaseForReading(join(folder, "gatehouse.db"));
  try {
    return await act(auditStore(database));
  } finally {
    await database.close();
  }
}
