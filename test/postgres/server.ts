import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { Secret } from "#lib/secret";
import type { PostgresServer } from "../../src/storage/postgres/index.ts";
import { freePort } from "../fakes/port.ts";
import { copyBinaries, findBinaries } from "./binaries.ts";

/** PostgreSQL does not run as root; nobody in particular does. */
const nobody = { uid: 65_534, gid: 65_534 };
const password = "only for this test";

/** A real PostgreSQL in a folder of its own, reached by a Unix socket, to be killed at will. */
export interface TestServer {
  readonly folder: string;
  /** As the role that owns everything; `changes` names another role, database or place. */
  place(changes?: Partial<PostgresServer>): PostgresServer;
  /** Asks as that role. Each question has a session of its own. */
  ask(sql: string, database?: string): Promise<readonly Record<string, unknown>[]>;
  /** Adds to a file of the data folder, as its owner; postgresql.conf counts from the next start on. */
  append(file: string, text: string): void;
  start(): Promise<void>;
  restart(): Promise<void>;
  /** SIGKILL to the server and everything it started, as when the power goes. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Throws when there are no binaries: ask `findBinaries` first. */
export async function startPostgres(): Promise<TestServer> {
  const binaries = findBinaries();
  if (binaries.kind === "missing") throw new Error(binaries.why);
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-pg-"));
  const isRoot = process.getuid?.() === 0;
  const owner = isRoot ? nobody : {};
  if (isRoot) {
    chownSync(folder, nobody.uid, nobody.gid);
    chmodSync(folder, 0o755);
  }
  const native = binaries.isPackage ? join(folder, "native") : binaries.native;
  if (binaries.isPackage) copyBinaries(binaries.native, native);
  const program = (name: string): string => join(native, "bin", name);
  const data = join(folder, "data");
  const socket = join(folder, "socket");
  for (const path of [data, socket]) {
    mkdirSync(path, { mode: 0o700 });
    if (isRoot) chownSync(path, nobody.uid, nobody.gid);
  }
  const port = await freePort();
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password);
  run(
    program("initdb"),
    [
      "-D",
      data,
      "-U",
      "owner",
      "-A",
      "scram-sha-256",
      `--pwfile=${passwordFile}`,
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
    ],
    owner,
  );
  appendFileSync(
    join(data, "postgresql.conf"),
    `listen_addresses = ''\nport = ${port}\nunix_socket_directories = '${socket}'\nmax_connections = 100\n`,
  );

  let server: ChildProcess | undefined;
  const place = (changes: Partial<PostgresServer> = {}): PostgresServer => ({
    host: socket,
    port,
    database: "postgres",
    user: "owner",
    password: new Secret(password),
    ca: undefined,
    ...changes,
  });
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.kill(signal);
    await ended;
  };
  const self: TestServer = {
    folder,
    place,
    ask: async (sql, database = "postgres") => {
      const client = new Client({ host: socket, port, user: "owner", password, database });
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    append: (file, text) => {
      const path = join(data, file);
      appendFileSync(path, text, { mode: 0o600 });
      if (isRoot) chownSync(path, nobody.uid, nobody.gid);
    },
    start: async () => {
      server = spawn(program("postgres"), ["-D", data], {
        ...owner,
        stdio: ["ignore", "ignore", "pipe"],
        env: { LC_ALL: "C" },
      });
      await untilReady(server);
    },
    restart: async () => {
      await stop("SIGINT");
      await self.start();
    },
    kill: async () => {
      // Whoever the postmaster forked notices its end and goes too; shared memory goes with them.
      await stop("SIGKILL");
    },
    close: async () => {
      await stop("SIGQUIT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await self.start();
  return self;
}

function run(command: string, args: readonly string[], owner: { uid?: number; gid?: number }): void {
  const ran = spawnSync(command, args, { ...owner, encoding: "utf8", env: { LC_ALL: "C" } });
  if (ran.status !== 0) throw new Error(`${command}: ${ran.error?.message ?? ran.stderr}`);
}

async function untilReady(server: ChildProcess): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    server.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      said = `${said}${chunk}`.slice(-4_000);
      if (said.includes("ready to accept connections")) resolve();
    });
    server.once("exit", () => reject(new Error(`PostgreSQL did not start: ${said}`)));
  });
}
