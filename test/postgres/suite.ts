import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import { openPostgres, type PostgresServer } from "../../src/storage/postgres/index.ts";
import type { Database } from "../../src/storage/stores/index.ts";
import { findBinaries } from "./binaries.ts";
import { startPostgres, type TestServer } from "./server.ts";

/** What a suite has of its server. */
export interface OnPostgres {
  readonly server: () => TestServer;
  /** A new database with Gatehouse's tables, opened for serving; it goes with the test. */
  readonly opened: () => Promise<Database>;
  /** The same, not opened. */
  readonly place: () => Promise<PostgresServer>;
}

/** Tests on a PostgreSQL of their own; they skip with a printed reason where there is none. */
export function onPostgres(name: string, define: (on: OnPostgres) => void): void {
  const binaries = findBinaries();
  if (binaries.kind === "missing") process.stdout.write(`skipped: ${name}: ${binaries.why}\n`);
  describe.skipIf(binaries.kind === "missing")(name, () => {
    let server: TestServer | undefined;
    const running = (): TestServer => {
      if (server === undefined) throw new Error("no PostgreSQL was started");
      return server;
    };
    beforeAll(async () => {
      server = await startPostgres();
      await server.ask("CREATE DATABASE template");
      await (await openPostgres(server.place({ database: "template" }))).close();
    });
    afterAll(async () => server?.close());
    const place = async (): Promise<PostgresServer> => {
      const database = `t_${randomUUID().replaceAll("-", "")}`;
      await running().ask(`CREATE DATABASE ${database} TEMPLATE template`);
      return running().place({ database });
    };
    define({ server: running, place, opened: async () => closing(openPostgres(await place())) });
  });
}

/** Closed when the test is over. */
export async function closing(opening: Promise<Database>): Promise<Database> {
  const database = await opening;
  onTestFinished(() => database.close().catch(() => undefined));
  return database;
}
