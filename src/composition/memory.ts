import {
  type AuditReader,
  type EntryReader,
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
import { auditStore, type Database } from "../storage/stores/index.ts";
import { type DataFolder, openDataFolder, publishVerifierKey } from "./data-folder.ts";
import { openServingDatabase } from "./database.ts";

/** What remembers: the data folder, its database, and the audit log in it. */
export interface Memory {
  readonly folder: DataFolder;
  readonly database: Database;
  readonly audit: OpenAuditLog;
  readonly reader: AuditReader;
  readonly entries: EntryReader;
  readonly publishedLog: PublishedLog;
  /** Rejects once nothing can be recorded any more. */
  readonly failed: Promise<never>;
  readonly readiness: () => Promise<readonly { readonly name: string; readonly isReady: boolean }[]>;
}

export async function openMemory(
  configuration: Pick<Configuration, "data" | "database">,
  log: Logger,
  opened: AsyncDisposableStack,
): Promise<Memory> {
  const folder = openDataFolder(configuration.data);
  const database = await openServingDatabase(configuration.database, folder.database);
  opened.defer(() => database.close());
  const logKey = await openLogKey(folder.logKey, "gatehouse.local/audit");
  const failure = Promise.withResolvers<never>();
  // Whoever runs the server waits for it; nobody waits in tests.
  failure.promise.catch(() => undefined);
  let hasFailed = false;
  const store = auditStore(database);
  const audit = await openAuditLog({
    store,
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
    reader: openAuditReader(store),
    entries: openEntryReader(store),
    publishedLog: openPublishedLog(store),
    failed: failure.promise,
    readiness: () => Promise.resolve([{ name: "audit log", isReady: !hasFailed }]),
  };
}
