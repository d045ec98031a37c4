import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";
import { openPostgres, openPostgresForReading } from "../../src/storage/postgres/index.ts";
import { openSession, type PostgresServer, type Session } from "../../src/storage/postgres/session.ts";
import { startPostgres, type TestServer } from "../../test/postgres/server.ts";
import { copyFile } from "./copy-file.ts";
import { type BareInserts, bareRowBytes, type Engine, type Filling, type Place, writers } from "./engine.ts";
import { type LogRows, logTableNames, logTables, origin } from "./log-rows.ts";

/** Throws where there are no binaries: ask `findBinaries` first. */
export async function postgresEngine(): Promise<Engine> {
  const server = await startPostgres();
  let places = 0;
  const newDatabase = async (): Promise<PostgresServer> => {
    places += 1;
    await server.ask(`CREATE DATABASE bench_${places}`);
    return server.place({ database: `bench_${places}` });
  };
  return {
    name: "PostgreSQL",
    newPlace: async () => newPlace(server, await newDatabase()),
    openBare: async () => openBare(server, await newDatabase()),
    close: () => server.close(),
  };
}

async function newPlace(server: TestServer, place: PostgresServer): Promise<Place> {
  await (await openPostgres(place)).close();
  return {
    fill: () => fill(server, place),
    openForServing: () => openPostgres(place),
    openForReading: () => openPostgresForReading(place),
  };
}

/**
 * The triggers that number and read out entries are always on; a replica's session leaves out only the checks of foreign keys. It waits for
 * autovacuum, which looks at so many new rows at once and keeps others out meanwhile.
 */
async function fill(server: TestServer, place: PostgresServer): Promise<Filling> {
  const { client } = await openSession(place);
  await client.query(
    "SET session_replication_role = replica; SET synchronous_commit = off; SET statement_timeout = 0; SET lock_timeout = 0",
  );
  const { rows: setAside } = await client.query<{ indexname: string; indexdef: string }>(
    `SELECT indexname, indexdef FROM pg_indexes
     WHERE tablename = ANY ($1) AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)`,
    [logTableNames],
  );
  for (const { indexname } of setAside) await client.query(`DROP INDEX ${indexname}`);
  return {
    add: (rows) => copy(client, server.folder, rows),
    finish: async (entries) => {
      await client.query("INSERT INTO audit_head (one, origin, next_index) VALUES (1, $1, $2)", [
        origin,
        entries,
      ]);
      for (const { indexdef } of setAside) await client.query(indexdef);
      // What the server does by itself soon after so many rows.
      await client.query("VACUUM ANALYZE");
      await client.query("CHECKPOINT");
      await client.end();
    },
  };
}

async function copy(client: Client, folder: string, rows: LogRows): Promise<void> {
  for (const name of logTableNames) {
    const path = join(folder, name);
    writeFileSync(path, copyFile(rows[name]));
    await client.query(`COPY ${name} (${logTables[name].join(", ")}) FROM '${path}' (FORMAT binary)`);
  }
}

async function openBare(server: TestServer, place: PostgresServer): Promise<BareInserts> {
  await server.ask(
    "CREATE TABLE bare (n BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, leaf BYTEA)",
    place.database,
  );
  const pipelined = await openSession(place);
  const clients: Client[] = [];
  while (clients.length < writers) clients.push((await openSession(place)).client);
  return {
    loop: {
      what: "one loop, one row a commit",
      insert: (rows) => insertEach(clients.slice(0, 1), rows),
    },
    others: [
      { what: `one client, ${writers} rows a commit`, insert: (rows) => insertGroups(pipelined, rows) },
      { what: `${writers} clients, one row a commit`, insert: (rows) => insertEach(clients, rows) },
    ],
    close: async () => {
      await Promise.all([pipelined.client, ...clients].map((client) => client.end()));
    },
  };
}

const bareRow = () => ({
  name: "bare",
  text: "INSERT INTO bare (leaf) VALUES ($1)",
  values: [randomBytes(bareRowBytes)],
});

async function insertEach(clients: readonly Client[], rows: number): Promise<void> {
  let left = rows;
  const work = async (client: Client): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await client.query(bareRow());
    }
  };
  await Promise.all(clients.map(work));
}

async function insertGroups({ client, together }: Session, rows: number): Promise<void> {
  for (let n = 0; n < rows; n += writers) {
    const inserted = together(() => [
      client.query("BEGIN"),
      ...Array.from({ length: writers }, () => client.query(bareRow())),
    ]);
    await Promise.all(inserted);
    await client.query("COMMIT");
  }
}
