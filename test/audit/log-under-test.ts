import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { exportTiles, openAuditLog, openPublishedLog } from "#audit";
import { openLogKey } from "#keys";
import { systemClock } from "#lib/clock";
import { systemTimer } from "#lib/timer";
import type { NoteSigner } from "#tlog";
import { openDatabase, openDatabaseForReading } from "../../src/storage/sqlite/index.ts";
import { auditStore } from "../../src/storage/stores/index.ts";
import { keysOf } from "../fakes/key-provider.ts";
import { writeTile } from "./tile-folder.ts";

export const origin = "gateway.example/audit";

/** A data folder as a server leaves it, with the key that signs for it. */
export interface DataFolder {
  readonly data: string;
  readonly signer: NoteSigner;
  /** Appends so many exchanges of two entries each, as the server would, and signs. */
  grow(exchanges: number): Promise<void>;
  /** The log as C2SP tiles, in a folder of its own. */
  exportTo(folder: string): Promise<void>;
  newestCheckpoint(): Promise<string>;
}

export const newFolder = (): string => mkdtempSync(join(tmpdir(), "gatehouse-audit-"));

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = newFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function dataFolder(data: string): Promise<DataFolder> {
  const signer = await openLogKey(join(data, "log.pem"), origin);
  writeFileSync(join(data, "log.vkey"), `${signer.verifierKey}\n`);
  const database = join(data, "gatehouse.db");
  const reading = async <Result>(act: (store: ReturnType<typeof auditStore>) => Promise<Result>) => {
    const opened = await openDatabaseForReading(database);
    try {
      return await act(auditStore(opened));
    } finally {
      await opened.close();
    }
  };
  return {
    data,
    signer,
    grow: (exchanges) => grow(database, signer, exchanges),
    exportTo: (folder) =>
      reading(async (store) => {
        await exportTiles(openPublishedLog(store), async (path, bytes) => writeTile(folder, path, bytes));
        writeFileSync(join(folder, "log.vkey"), `${signer.verifierKey}\n`);
      }),
    newestCheckpoint: () => reading(async (store) => (await store.newestCheckpoint())?.note ?? ""),
  };
}

async function grow(path: string, signer: NoteSigner, exchanges: number): Promise<void> {
  const database = await openDatabase(path);
  const store = auditStore(database);
  const log = await openAuditLog({
    store,
    keys: keysOf(store),
    signer,
    clock: systemClock,
    timer: systemTimer,
    onFailed: (error) => {
      throw error;
    },
  });
  const exchange = async (n: number): Promise<void> => {
    const ids = { sessionId: `ses_${n % 7}`, exchangeId: `exc_${n}`, operation: "storage.objects.get" };
    await log.append({ kind: "exchange.intent", ...ids, detail: { resource: `buckets/b/objects/${n}` } });
    await log.append({ kind: "exchange.outcome", ...ids, status: 200 });
  };
  for (let from = 0; from < exchanges; from += exchangesAtOnce) {
    const many = Math.min(exchangesAtOnce, exchanges - from);
    await Promise.all(Array.from({ length: many }, (_, n) => exchange(from + n)));
  }
  await log.close();
  await database.close();
}

const exchangesAtOnce = 512;
