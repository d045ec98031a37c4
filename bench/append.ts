import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import { type OpenAuditLog, openAuditLog } from "#audit";
import { systemClock } from "#lib/clock";
import { newId } from "#lib/ids";
import { systemTimer } from "#lib/timer";
import { openPostgres, type PostgresServer } from "../src/storage/postgres/index.ts";
import { openDatabase } from "../src/storage/sqlite/index.ts";
import { auditStore, type Database } from "../src/storage/stores/index.ts";
import { keysOf } from "../test/fakes/key-provider.ts";
import { newLogSigner } from "../test/fakes/log-signer.ts";
import { findBinaries } from "../test/postgres/binaries.ts";
import { startPostgres } from "../test/postgres/server.ts";
import { type Figure, median } from "./figure.ts";

const writers = 32;
const appendsOfRound = 3_200;
const rounds = 5;

/** Does one round of `appendsOfRound` durable writes. */
type Round = () => Promise<void>;

interface Contest {
  readonly engine: string;
  /** What the gateway does: `log.append` of an intent with its detail, from 32 writers at once. */
  readonly ours: Round;
  /** One row, one commit. */
  readonly alone: { readonly what: string; readonly round: Round };
  /** 32 rows, one commit: as many as our group commit has to share. */
  readonly grouped: { readonly what: string; readonly round: Round };
}

/**
 * Durable appends to the audit log against bare inserts of rows of the same size into one table with one index, on the same
 * engine, disk and durability. The rounds of the three take turns, so that a busy minute slows down all of them.
 */
export async function measureAppends(): Promise<readonly Figure[]> {
  return [...(await measureSqlite()), ...(await measurePostgres())];
}

async function measureSqlite(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
  const bare = new DatabaseSync(join(folder, "bare.db"));
  bare.exec(
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE bare (n INTEGER PRIMARY KEY, leaf BLOB)",
  );
  const insert = bare.prepare("INSERT INTO bare (leaf) VALUES (?)");
  const bareRound =
    (rowsOfCommit: number): Round =>
    async () => {
      for (let n = 0; n < appendsOfRound; n += rowsOfCommit) {
        bare.exec("BEGIN IMMEDIATE");
        for (let row = 0; row < rowsOfCommit; row += 1) insert.run(randomLeaf());
        bare.exec("COMMIT");
      }
    };
  const database = await openDatabase(join(folder, "gatehouse.db"));
  const log = await openLog(database);
  try {
    return await contest({
      engine: "SQLite",
      ours: () => appendRound(log),
      alone: { what: "one row a commit, one loop", round: bareRound(1) },
      grouped: { what: `${writers} rows a commit, one loop`, round: bareRound(writers) },
    });
  } finally {
    await log.close();
    await database.close();
    bare.close();
    rmSync(folder, { recursive: true });
  }
}

async function measurePostgres(): Promise<readonly Figure[]> {
  const binaries = findBinaries();
  if (binaries.kind === "missing") {
    console.error(`skipped: PostgreSQL: ${binaries.why}`);
    return [];
  }
  const server = await startPostgres();
  const clients: Client[] = [];
  try {
    await server.ask("CREATE DATABASE bench");
    const place = server.place({ database: "bench" });
    const database = await openPostgres(place);
    await server.ask(
      "CREATE TABLE bare (n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, leaf BYTEA)",
      "bench",
    );
    const log = await openLog(database);
    for (let n = 0; n < writers; n += 1) clients.push(await connected(place, false));
    const pipelined = await connected(place, true);
    clients.push(pipelined);
    const figures = await contest({
      engine: "PostgreSQL",
      ours: () => appendRound(log),
      alone: {
        what: `one row a commit, ${writers} clients`,
        round: () => clientsRound(clients.slice(0, writers)),
      },
      grouped: {
        what: `${writers} rows a commit, one pipelining client`,
        round: () => groupedRound(pipelined),
      },
    });
    await log.close();
    await database.close();
    return figures;
  } finally {
    await Promise.all(clients.map((client) => client.end()));
    await server.close();
  }
}

async function connected(place: PostgresServer, pipeline: boolean): Promise<Client> {
  const { host, port, database, user, password } = place;
  const client = new Client({ host, port, database, user, password: password?.reveal() ?? "", pipeline });
  await client.connect();
  return client;
}

const insertBare = (leaf: Uint8Array) => ({
  name: "bare",
  text: "INSERT INTO bare (leaf) VALUES ($1)",
  values: [leaf],
});

async function clientsRound(clients: readonly Client[]): Promise<void> {
  let left = appendsOfRound;
  const work = async (client: Client): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await client.query(insertBare(randomLeaf()));
    }
  };
  await Promise.all(clients.map(work));
}

async function groupedRound(client: Client): Promise<void> {
  for (let n = 0; n < appendsOfRound; n += writers) {
    const rows = Array.from({ length: writers }, () => client.query(insertBare(randomLeaf())));
    await Promise.all([client.query("BEGIN"), ...rows]);
    await client.query("COMMIT");
  }
}

function openLog(database: Database): Promise<OpenAuditLog> {
  const store = auditStore(database);
  return openAuditLog({
    store,
    keys: keysOf(store),
    signer: newLogSigner(),
    clock: systemClock,
    timer: systemTimer,
    onFailed: (error) => {
      throw error;
    },
  });
}

async function appendRound(log: OpenAuditLog): Promise<void> {
  let left = appendsOfRound;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await log.append({
        kind: "exchange.intent",
        sessionId: "ses_bench",
        exchangeId: newId("exc", systemClock),
        operation: "storage.objects.get",
        class: "read",
        decision: "allow",
        detail: {
          host: "storage.googleapis.com",
          principal: "dev@example.com",
          resource: `b/bucket/o/${left}`,
        },
      });
    }
  };
  await Promise.all(Array.from({ length: writers }, work));
}

/** Bytes of an intent's leaf. */
const leafBytes = 420;
const randomLeaf = (): Uint8Array => randomBytes(leafBytes);

async function contest({ engine, ours, alone, grouped }: Contest): Promise<readonly Figure[]> {
  const seconds: Record<"ours" | "alone" | "grouped", number[]> = { ours: [], alone: [], grouped: [] };
  for (let round = 0; round <= rounds; round += 1) {
    const times = {
      ours: await timed(ours),
      alone: await timed(alone.round),
      grouped: await timed(grouped.round),
    };
    // The first round fills caches and pages.
    if (round === 0) continue;
    seconds.ours.push(times.ours);
    seconds.alone.push(times.alone);
    seconds.grouped.push(times.grouped);
  }
  const perSecond = (times: readonly number[]): number => appendsOfRound / median(times);
  const ratio = (to: readonly number[]): number => median(to) / median(seconds.ours);
  const rate = (what: string, times: readonly number[]): Figure => ({
    what: `${engine}: ${what}`,
    value: perSecond(times),
    unit: "/s",
  });
  return [
    rate(`audit log, ${writers} writers`, seconds.ours),
    rate(`bare inserts, ${alone.what}`, seconds.alone),
    rate(`bare inserts, ${grouped.what}`, seconds.grouped),
    {
      what: `${engine}: audit log / bare inserts, one row a commit`,
      value: ratio(seconds.alone),
      unit: "×",
      boundMin: 0.5,
    },
    {
      what: `${engine}: audit log / bare inserts, ${writers} rows a commit`,
      value: ratio(seconds.grouped),
      unit: "×",
    },
  ];
}

async function timed(act: Round): Promise<number> {
  const from = performance.now();
  await act();
  return (performance.now() - from) / 1000;
}
