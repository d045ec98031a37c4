import type { ArchiveStore } from "#archive";
import {
  type AuditReader,
  type CosignatureLines,
  DataKeys,
  type EntryReader,
  type LogSource,
  type OpenAuditLog,
  openAuditLog,
  openAuditReader,
  openEntryReader,
  openPublishedLog,
  type PublishedLog,
} from "#audit";
import type { Configuration } from "#config";
import { openLogKey } from "#keys";
import { systemClock as clock } from "#lib/clock";
import { systemTimer as timer } from "#lib/timer";
import type { Logger } from "#telemetry";
import type { CosignatureStore } from "#witness";
import { openDatabase } from "../storage/sqlite/index.ts";
import { archiveStore, auditStore, cosignatureStore, type Database } from "../storage/stores/index.ts";
import { type DataFolder, openDataFolder, publishVerifierKey } from "./data-folder.ts";
import { openKeyProviders } from "./key-providers.ts";

/** What remembers: the data folder, its database, and the audit log in it. */
export interface Memory {
  readonly folder: DataFolder;
  readonly database: Database;
  readonly audit: OpenAuditLog;
  readonly keys: DataKeys;
  readonly reader: AuditReader;
  readonly entries: EntryReader;
  readonly publishedLog: PublishedLog;
  readonly cosignatures: CosignatureStore;
  readonly archives: ArchiveStore;
  /** The stored log as it lies there. */
  readonly source: LogSource;
  /** Rejects once nothing can be recorded any more. */
  readonly failed: Promise<never>;
  readonly readiness: () => Promise<readonly { readonly name: string; readonly isReady: boolean }[]>;
}

export async function openMemory(
  { data, recordings }: Pick<Configuration, "data" | "recordings">,
  log: Logger,
  opened: AsyncDisposableStack,
): Promise<Memory> {
  const folder = openDataFolder(data);
  const database = await openDatabase(folder.database);
  opened.defer(() => database.close());
  const logKey = await openLogKey(folder.logKey, "gatehouse.local/audit");
  const failure = Promise.withResolvers<never>();
  // Whoever runs the server waits for it; nobody waits in tests.
  failure.promise.catch(() => undefined);
  let hasFailed = false;
  const store = auditStore(database);
  const keys = new DataKeys(store, await openKeyProviders(recordings, { folder, clock, opened }));
  const cosignatures = cosignatureStore(database);
  const archives = archiveStore(database);
  const audit = await openAuditLog({
    store,
    keys,
    signer: logKey,
    clock,
    timer,
    onFailed: (error) => {
      hasFailed = true;
      log.error({ err: error }, "the audit log has stopped; everything is refused");
      failure.reject(error);
    },
  });
  opened.defer(async () => {
    await audit.append({ kind: "server.stop" }).catch(() => undefined);
    await audit.close();
  });
  publishVerifierKey(folder, audit.verifierKey);
  return {
    folder,
    database,
    audit,
    keys,
    reader: openAuditReader(store, keys),
    entries: openEntryReader(store, {
      keys,
      beyond: async () => ({
        integrated: audit.integratedSize,
        witnessed: await cosignatures.largestSize(),
        archived: await archives.largestSize(),
      }),
    }),
    publishedLog: openPublishedLog(store, linesOf(cosignatures)),
    cosignatures,
    archives,
    source: store,
    failed: failure.promise,
    readiness: () => Promise.resolve([{ name: "audit log", isReady: !hasFailed }]),
  };
}

/** What stands below the log's own signature when a checkpoint is served. */
function linesOf(cosignatures: CosignatureStore): CosignatureLines {
  return async (size) => (await cosignatures.of(size)).map(({ line }) => line);
}
