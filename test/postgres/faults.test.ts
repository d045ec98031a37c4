import { Client } from "pg";
import { expect, test } from "vitest";
import { type AuditStore, type OpenAuditLog, openAuditLog, verifyLog } from "#audit";
import { systemClock } from "#lib/clock";
import { systemTimer } from "#lib/timer";
import {
  openPostgres,
  openPostgresForReading,
  type PostgresServer,
} from "../../src/storage/postgres/index.ts";
import { auditStore, type Database } from "../../src/storage/stores/index.ts";
import { keysOf } from "../fakes/key-provider.ts";
import { newLogSigner } from "../fakes/log-signer.ts";
import { closing, onPostgres } from "./suite.ts";

const entry = (n: number) => ({
  leaf: Buffer.from(JSON.stringify({ kind: "exchange.intent", exchange: `exc_${n}` })),
  leafHash: new Uint8Array(32),
  attachments: [{ role: "detail", bytes: Buffer.from(`${n}`) }],
  about: { resource: `r/${n}` },
});

/** The indexes on record, and what the head says of them. */
async function recordOf(where: PostgresServer): Promise<{ indexes: number[]; size: number }> {
  const reading = await openPostgresForReading(where);
  const store = auditStore(reading);
  const indexes = (await store.entries(0, 100_000)).map(({ index }) => index);
  const size = (await store.head())?.size ?? 0;
  await reading.close();
  return { indexes, size };
}

const upTo = (size: number): number[] => Array.from({ length: size }, (_, n) => n);

onPostgres("what happens to a PostgreSQL while it is written to", ({ server, place }) => {
  async function openLog(where: PostgresServer): Promise<{ database: Database; store: AuditStore }> {
    const database = await closing(openPostgres(where));
    const store = auditStore(database);
    await store.create("a.example/log");
    return { database, store };
  }

  /** Somebody with a shell, who locks the head until they let go. */
  async function lockHead(where: PostgresServer): Promise<{ letGo: () => Promise<void> }> {
    const { host, port, database, user, password } = where;
    const shell = new Client({ host, port, database, user, password: password?.reveal() ?? "" });
    await shell.connect();
    await shell.query("BEGIN; SELECT * FROM audit_head FOR UPDATE");
    return {
      letGo: async () => {
        await shell.query("ROLLBACK");
        await shell.end();
      },
    };
  }

  /** Waits until the session that writes waits for a lock: after its first statement, before its COMMIT. */
  async function untilBlocked(where: PostgresServer): Promise<void> {
    const blocked = `SELECT 1 FROM pg_stat_activity WHERE datname = '${where.database}'
      AND application_name = 'gatehouse (write)' AND wait_event_type = 'Lock'`;
    while ((await server().ask(blocked)).length === 0);
  }

  const endWriter = (where: PostgresServer) =>
    server().ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = '${where.database}' AND application_name = 'gatehouse (write)'`);

  test("a head that somebody else holds is refused within the deadline, nothing is half written, and it recovers by itself", async () => {
    const where = await place();
    const { store } = await openLog(where);
    const { letGo } = await lockHead(where);
    const results = await Promise.all([
      store.append(entry(0)),
      store.append(entry(1)),
      store.keepDataKey({
        keyId: "k",
        scope: "day",
        wrapped: new Uint8Array(60),
        by: "fake",
        at: new Date(0),
      }),
    ]);
    for (const result of results) expect(result).toMatchObject({ kind: "refused" });
    expect(results[0]).toMatchObject({ why: expect.stringContaining("Nothing was written") as string });
    await letGo();
    expect(await recordOf(where)).toEqual({ indexes: [], size: 0 });
    expect(await store.dataKey("k")).toEqual({ kind: "missing" });
    expect(await store.append(entry(2))).toEqual({ kind: "stored", index: 0 });
  });

  test("a session that is ended between the head's update and COMMIT writes nothing, and the log stops", async () => {
    const where = await place();
    const database = await closing(openPostgres(where));
    const failures: string[] = [];
    const parts = { signer: newLogSigner(), clock: systemClock, timer: systemTimer };
    const log: OpenAuditLog = await openAuditLog({
      ...parts,
      store: auditStore(database),
      keys: keysOf(auditStore(database)),
      onFailed: ({ code }) => failures.push(code),
    });
    const before = await recordOf(where);
    // The attachments' foreign key waits for whoever holds the table, when the head has been updated and the entry inserted.
    const { host, port, user, password } = where;
    const shell = new Client({
      host,
      port,
      user,
      database: where.database,
      password: password?.reveal() ?? "",
    });
    await shell.connect();
    await shell.query("BEGIN; LOCK TABLE audit_attachment");
    const appending = Promise.allSettled([
      log.append({ kind: "exchange.intent", exchangeId: "exc_1", detail: { n: 1 } }),
      log.append({ kind: "exchange.intent", exchangeId: "exc_2", detail: { n: 2 } }),
    ]);
    await untilBlocked(where);
    await endWriter(where);
    for (const each of await appending) {
      expect(each).toMatchObject({ status: "rejected", reason: { code: "audit_log_failed" } });
    }
    expect(failures).toEqual(["audit_log_failed"]);
    await expect(log.append({ kind: "server.stop" })).rejects.toMatchObject({ code: "audit_log_failed" });
    await shell.query("ROLLBACK");
    await shell.end();
    expect(await recordOf(where)).toEqual(before);
    const again = await closing(openPostgres(where));
    const keys = keysOf(auditStore(again));
    const reopened = await openAuditLog({
      ...parts,
      store: auditStore(again),
      keys,
      onFailed: () => undefined,
    });
    expect(await reopened.append({ kind: "server.start" })).toMatchObject({ index: before.size });
    await reopened.close();
    expect(await verifyLog(auditStore(again), { verifierKey: reopened.verifierKey })).toMatchObject({
      kind: "verified",
    });
  });

  test("a session that ends while nothing is written stops all that comes later, and another gateway may begin", async () => {
    const where = await place();
    const { store } = await openLog(where);
    await store.append(entry(0));
    await endWriter(where);
    const next = await closing(openPostgres(where));
    await expect(store.append(entry(1))).rejects.toMatchObject({ code: "database_failed" });
    expect(await auditStore(next).append(entry(1))).toEqual({ kind: "stored", index: 1 });
  });

  test("an append looks at no more rows the longer the log is, also where every plan was made while it was empty", async () => {
    const where = await place();
    const appended = async (count: number): Promise<number> => {
      const { database, store } = await openLog(where);
      // In one go and for longer than a plan is tried out, so that the kept plans do the work.
      await Promise.all(Array.from({ length: count }, (_, n) => store.append(entry(n))));
      // What a session read is counted when it ends.
      await database.close();
      const sums =
        "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int AS n FROM pg_stat_user_tables";
      const [row] = await server().ask(sums, where.database);
      return Number(row?.["n"]);
    };
    const short = await appended(1_000);
    const long = await appended(1_000);
    expect(long - short).toBeLessThan(short * 1.5);
  });

  test("a session that reads and is ended is replaced by the next question", async () => {
    const where = await place();
    const { store } = await openLog(where);
    await store.append(entry(0));
    expect(await store.entries(0, 10)).toHaveLength(1);
    await server().ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = '${where.database}' AND application_name = 'gatehouse (read)'`);
    // Whether the pool has noticed yet is the network's business; asking on is ours.
    const asked = (): ReturnType<AuditStore["entries"]> => store.entries(0, 10).catch(asked);
    expect(await asked()).toHaveLength(1);
    expect(await store.append(entry(1))).toEqual({ kind: "stored", index: 1 });
  });

  test("a log goes on however often the sessions that read are ended, and refuses no more than what it could not look up", async () => {
    const where = await place();
    const { store } = await openLog(where);
    const failures: string[] = [];
    const signer = newLogSigner("a.example/log");
    const log = await openAuditLog({
      ...{ store, signer, keys: keysOf(store), clock: systemClock, timer: systemTimer },
      onFailed: ({ message }) => failures.push(message),
    });
    const append = (n: number): Promise<string> =>
      log.append({ kind: "session.opened", sessionId: `ses_${n}`, detail: { n } }).then(
        () => "recorded",
        ({ code }: { code: string }) => code,
      );
    const outcomes = new Set<string>();
    for (let n = 0; n < 30; n += 1) {
      const killing = server().ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = '${where.database}' AND application_name = 'gatehouse (read)'`);
      for (const outcome of await Promise.all([append(2 * n), append(2 * n + 1), killing]))
        if (typeof outcome === "string" && /^[a-z]/.test(outcome)) outcomes.add(outcome);
    }
    const untilRecorded = async (): Promise<string> => {
      const outcome = await append(1_000);
      return outcome === "audit_refused" ? untilRecorded() : outcome;
    };
    expect([await untilRecorded(), failures]).toEqual(["recorded", []]);
    expect(["audit_refused", "recorded"]).toEqual(expect.arrayContaining([...outcomes]));
    await log.close();
  });

  test("kill -9 of the server under load: every append that resolved is there after the restart, without a gap", async () => {
    const where = await place();
    const acknowledged: number[] = [];
    let rejected = 0;
    for (const round of [1, 2, 3, 4, 5]) {
      const { store } = await openLog(where);
      const begun = (await recordOf(where)).size;
      const enough = Promise.withResolvers<void>();
      let isOver = false;
      const write = async (): Promise<void> => {
        while (!isOver) {
          const result = await store.append(entry(acknowledged.length));
          if (result.kind !== "stored") throw new Error(result.why);
          acknowledged.push(result.index);
          if (acknowledged.length >= begun + 40 * round) enough.resolve();
        }
      };
      const writers = Array.from({ length: 32 }, () =>
        write().catch(() => {
          rejected += 1;
          isOver = true;
        }),
      );
      await enough.promise;
      await server().kill();
      await Promise.all(writers);
      await server().start();
      const { indexes, size } = await recordOf(where);
      expect(indexes, `round ${round}`).toEqual(upTo(size));
      expect(acknowledged.filter((index) => index >= size)).toEqual([]);
      expect(new Set(acknowledged).size).toBe(acknowledged.length);
    }
    // A run in which nobody was waiting when the server died would have proven nothing.
    expect(rejected).toBeGreaterThan(0);
  });
});
