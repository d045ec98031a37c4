import { join } from "node:path";
import type { AuditStore, PublishedLog } from "#audit";

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
  const { openDatabaseForReading, sqliteAuditStore, sqliteCosignatureStore } = await import(
    "../../../storage/sqlite/index.ts"
  );
  const { openPublishedLog } = await import("#audit");
  const database = await openDatabaseForReading(join(folder, "gatehouse.db"));
  try {
    const store = sqliteAuditStore(database);
    const cosignatures = await database.read("SELECT 1 FROM sqlite_schema WHERE name = 'audit_cosignature'");
    // A reader migrates nothing, and an older Gatehouse kept no cosignatures.
    const kept = cosignatures.length === 0 ? undefined : sqliteCosignatureStore(database);
    const lines = async (size: number) => ((await kept?.of(size)) ?? []).map(({ line }) => line);
    return await act({ store, published: openPublishedLog(store, lines) });
  } finally {
    await database.close();
  }
}
