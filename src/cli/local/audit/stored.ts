import { join } from "node:path";
import type { AuditStore, DataKeys, PublishedLog } from "#audit";

/** The keys of a stored log, as far as the folder has what unwraps them. */
export async function storedKeys(folder: string, store: AuditStore): Promise<DataKeys> {
  const [{ DataKeys }, { readFileKeyProvider }] = await Promise.all([import("#audit"), import("#keys")]);
  const provider = readFileKeyProvider(join(folder, "keys", "wrapping.keys"));
  return new DataKeys(store, provider === undefined ? [] : [provider]);
}

/** The log of a data folder: as it is stored, and as the server would publish it. */
export interface StoredLog {
  readonly store: AuditStore;
  readonly published: PublishedLog;
}

/** Reads the log of a data folder, beside a running server or without one, and changes nothing. */
export async function withStoredLog<Result>(
  folder: string,
  act: (log: StoredLog) => Promise<Result>,
): Promise<Result> {
  const { openDatabaseForReading } = await import("../../../storage/sqlite/index.ts");
  const { auditStore, cosignatureStore } = await import("../../../storage/stores/index.ts");
  const { openPublishedLog } = await import("#audit");
  const database = await openDatabaseForReading(join(folder, "gatehouse.db"));
  try {
    const store = auditStore(database);
    const cosignatures = await database.read("SELECT 1 FROM sqlite_schema WHERE name = 'audit_cosignature'");
    // A reader migrates nothing, and an older Gatehouse kept no cosignatures.
    const kept = cosignatures.length === 0 ? undefined : cosignatureStore(database);
    const lines = async (size: number) => ((await kept?.of(size)) ?? []).map(({ line }) => line);
    return await act({ store, published: openPublishedLog(store, lines) });
  } finally {
    await database.close();
  }
}
