import { join } from "node:path";
import type { AuditStore, DataKeys, PublishedLog } from "#audit";
import type { DatabaseConfiguration } from "#config";
import type { Database } from "../../../storage/stores/index.ts";
import type { StoredPlace } from "./log-place.ts";

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

/** Reads the log as the gateway keeps it, beside a running server or without one, and changes nothing. */
export async function withStoredLog<Result>(
  { folder, database: configured }: StoredPlace,
  act: (log: StoredLog) => Promise<Result>,
): Promise<Result> {
  const { openReadingDatabase } = await import("../../../composition/database.ts");
  const { auditStore } = await import("../../../storage/stores/index.ts");
  const database = await openReadingDatabase(configured, join(folder, "gatehouse.db"));
  try {
    const store = auditStore(database);
    const { openPublishedLog } = await import("#audit");
    const published = openPublishedLog(store, await cosignatureLines(database, configured));
    return await act({ store, published });
  } finally {
    await database.close();
  }
}

/** A reader migrates nothing, and an older Gatehouse kept no cosignatures in its file. */
async function cosignatureLines(database: Database, { kind }: DatabaseConfiguration) {
  const { cosignatureStore } = await import("../../../storage/stores/index.ts");
  const table = "SELECT 1 FROM sqlite_schema WHERE name = 'audit_cosignature'";
  const hasNone = kind === "sqlite" && (await database.read(table)).length === 0;
  const kept = hasNone ? undefined : cosignatureStore(database);
  return async (size: number) => ((await kept?.of(size)) ?? []).map(({ line }) => line);
}
