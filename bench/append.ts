import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Client } from "pg";
import { type OpenAuditLog, openAuditLog } from "#audit";
import { systemClock } from "#lib/clock";
import { newId } from "#lib/ids";
import { systemTimer } from "#lib/timer";
import { openPostgres } from "../src/storage/postgres/index.ts";
import { openSession, type Session } from "../src/storage/postgres/session.ts";
import { openDatabase } from "../src/storage/sqlite/index.ts";
import { auditStore, type Database } from "../src/storage/stores/index.ts";
import { newLogSigner } from "../test/fakes/log-signer.ts";
import { findBinaries } from "../test/postgres/binaries.ts";
import { startPostgres } from "../test/postgres/server.ts";
import { type Figure, median } from "./figure.ts";

const writers = 32;
const appendsOfRound = 1_600;
const rounds = 5;

/** Does one round of `appendsOfRound` durable writes. */
type Round = () => Promise<void>;

interface Rival {
  readonly what: string;
  readonly round: Round;
}

interface Contest {
  readonly engine: string;
  /** What the gateway does: `log.append` of an intent with its detail, from 32 writers at once. */
  readonly ours: Round;
  /**
   * The bare insert loop that the bound is about: one row a commit, so that each is durable before the next, as each append is
   * before it resolves.
   */
  readonly loop: Rival;
  /** Bare inserts that gain by what we gain by: commits that are shared. Printed, since a ratio to the loop alone says little. */
  readonly others: readonly Rival[];
}

/**
 * Durable appends to the audit log against bare inserts of rows of the same size into one table with one index, on the same
 * engine, disk and durability. The rounds take turns, so that a busy minute slows down all of them.
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
      loop: { what: "one loop, one row a commit", round: bareRound(1) },
      others: [{ what: `one loop, ${writers} rows a commit`, round: bareRound(writers) }],
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
  const closing: Client[] = [];
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
    for (let n = 0; n < writers; n += 1) clients.push((await openSession(place)).client);
    const pipelined = await openSession(place);
    const [alone = pipelined.client] = clients;
    closing.push(...clients, pipelined.client);
    const figures = await contest({
      engine: "PostgreSQL",
      ours: () => appendRound(log),
      loop: { what: "one loop, one row a commit", round: () => clientsRound([alone]) },
      others: [
        { what: `${writers} clients, one row a commit`, round: () => clientsRound(clients) },
        { what: `one client, ${writers} pipelined rows a commit`, round: () => groupedRound(pipelined) },
      ],
    });
    await log.close();
    await database.close();
    return figures;
  } finally {
    await Promise.all(closing.map((client) => client.end()));
    await server.close();
  }
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

async function groupedRound({ client, together }: Session): Promise<void> {
  for (let n = 0; n < appendsOfRound; n += writers) {
    const rows = together(() => [
      client.query("BEGIN"),
      ...Array.from({ length: writers }, () => client.query(insertBare(randomLeaf()))),
    ]);
    await Promise.all(rows);
    await client.query("COMMIT");
  }
}

function openLog(database: Database): Promise<OpenAuditLog> {
  return openAuditLog({
    store: auditStore(database),
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

async function contest({ engine, ours, loop, others }: Contest): Promise<readonly Figure[]> {
  const rivals = [loop, ...others];
  const mine: number[] = [];
  const theirs = rivals.map((): number[] => []);
  for (let round = 0; round <= rounds; round += 1) {
    // The first round fills caches and pages, and does not count.
    const times = { ours: await timed(ours), rivals: await timedAll(rivals) };
    if (round === 0) continue;
    mine.push(times.ours);
    for (const [index, time] of times.rivals.entries()) theirs[index]?.push(time);
  }
  const perSecond = (what: string, times: readonly number[]): Figure => ({
    what: `${engine}: ${what}`,
    value: appendsOfRound / median(times),
    unit: "/s",
  });
  return [
    perSecond(`audit log, ${writers} writers`, mine),
    ...rivals.map(({ what }, index) => perSecond(`bare inserts, ${what}`, theirs[index] ?? [])),
    ...rivals.map(({ what }, index) => ({
      what: `${engine}: audit log / bare inserts, ${what}`,
      value: median(theirs[index] ?? []) / median(mine),
      unit: "×",
      ...(index === 0 ? { boundMin: 0.5 } : {}),
    })),
  ];
}

async function timedAll(rivals: readonly Rival[]): Promise<readonly number[]> {
  const times: number[] = [];
  for (const { round } of rivals) times.push(await timed(round));
  return times;
}

async function timed(act: Round): Promise<number> {
  const from = performance.now();
  await act();
  return (performance.now() - from) / 1000;
}
