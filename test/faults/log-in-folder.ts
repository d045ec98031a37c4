import { join } from "node:path";
import {
  type AuditStore,
  DataKeys,
  type LogVerification,
  type OpenAuditLog,
  openAuditLog,
  verifyLog,
} from "#audit";
import { openFileKeyProvider, openLogKey } from "#keys";
import { systemClock } from "#lib/clock";
import type { GatehouseError } from "#lib/errors";
import { systemTimer } from "#lib/timer";
import { parseLeaf } from "../../src/audit/leaf.ts";
import { openDatabase, openDatabaseForReading } from "../../src/storage/sqlite/index.ts";
import { auditStore, type Database } from "../../src/storage/stores/index.ts";

export const origin = "faults.example/audit";
export const databaseIn = (folder: string): string => join(folder, "gatehouse.db");

export interface LogInFolder {
  readonly log: OpenAuditLog;
  readonly database: Database;
  readonly failures: readonly GatehouseError[];
  close(): Promise<void>;
}

/** The real log on the real database, as the server opens it. */
export async function openLogIn(folder: string): Promise<LogInFolder> {
  const database = await openDatabase(databaseIn(folder));
  const failures: GatehouseError[] = [];
  const store = auditStore(database);
  const log = await openAuditLog({
    store,
    keys: await keysIn(folder, store),
    signer: await openLogKey(join(folder, "log.key"), origin),
    clock: systemClock,
    timer: systemTimer,
    onFailed: (error) => failures.push(error),
  });
  const close = async (): Promise<void> => {
    await log.close();
    await database.close();
  };
  return { log, database, failures, close };
}

/** As a data folder has them: the next process, or the auditor, finds them there. */
async function keysIn(folder: string, store: AuditStore): Promise<DataKeys> {
  return new DataKeys(store, [await openFileKeyProvider(join(folder, "wrapping.keys"))]);
}

export interface Facts {
  readonly verification: LogVerification;
  readonly intents: ReadonlySet<string>;
  /** Exchange ids of `outcome.unknown` entries, with repeats. */
  readonly unknown: readonly string[];
  readonly unfinished: readonly string[];
  readonly newestCheckpoint: string | undefined;
  readonly checkpointSizes: readonly number[];
  readonly entries: number;
}

/** What an auditor would find in the folder as it lies there, without a server and without changing it. */
export async function factsIn(folder: string, pinned: string | undefined): Promise<Facts> {
  const { verifierKey } = await openLogKey(join(folder, "log.key"), origin);
  const database = await openDatabaseForReading(databaseIn(folder));
  try {
    const store = auditStore(database);
    const keys = await keysIn(folder, store);
    const verification = await verifyLog(store, {
      verifierKey,
      keys,
      ...(pinned === undefined ? {} : { pinned: [pinned] }),
    });
    return { verification, ...(await readFacts(store)) };
  } finally {
    await database.close();
  }
}

async function readFacts(store: AuditStore): Promise<Omit<Facts, "verification">> {
  const entries = await store.entries(0, 1_000_000);
  const exchangesOf = (kind: string): string[] =>
    entries
      .map(({ leaf }) => parseLeaf(leaf))
      .filter((leaf) => leaf?.kind === kind)
      .map((leaf) => leaf?.exchange ?? "");
  return {
    entries: entries.length,
    intents: new Set(exchangesOf("exchange.intent")),
    unknown: exchangesOf("outcome.unknown"),
    unfinished: (await store.unfinishedIntents()).map(({ leaf }) => parseLeaf(leaf)?.exchange ?? ""),
    newestCheckpoint: (await store.newestCheckpoint())?.note,
    checkpointSizes: (await store.checkpoints(0, 1_000_000)).map(({ size }) => size),
  };
}
