import { Socket } from "node:net";
import { type ConnectionOptions, checkServerIdentity } from "node:tls";
import { Client, type ClientConfig, DatabaseError } from "pg";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { isLoopbackHost } from "#lib/loopback";
import type { Secret } from "#lib/secret";
import { columnTypes } from "./column-values.ts";

/** A PostgreSQL database and the role that uses it. */
export interface PostgresServer {
  /** A name, an address, or the folder of a Unix socket (which begins with `/`). */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Secret | undefined;
  /** PEM of the authority that signed the server's certificate; the public ones when absent. */
  readonly ca: string | undefined;
}

export function nameOf({ host, port, database }: PostgresServer): string {
  return `PostgreSQL database ${database} at ${host}:${port}`;
}

/**
 * Everything is said explicitly: what is left out, `pg` takes from PGHOST, PGPASSWORD, PGOPTIONS and other variables or
 * from ~/.pgpass, and only our configuration decides.
 */
export function clientConfig(server: PostgresServer, purpose: "write" | "read"): ClientConfig {
  const { host, port, database, user, password } = server;
  return {
    host,
    port,
    database,
    user,
    password: () => password?.reveal() ?? "",
    ssl: tlsOf(server),
    application_name: `gatehouse (${purpose})`,
    client_encoding: "UTF8",
    options: `-c default_transaction_read_only=${purpose === "read" ? "on" : "off"} ${plansOf[purpose]}`,
    connectionTimeoutMillis: limits.databaseConnectMsMax,
    statement_timeout: limits.databaseStatementMsMax,
    lock_timeout: limits.databaseLockMsMax,
    idle_in_transaction_session_timeout: limits.databaseCommitMsMax,
    keepAlive: true,
    keepAliveInitialDelayMillis: limits.databaseKeepAliveMs,
    types: columnTypes,
  };
}

/**
 * Plans are kept, those of triggers and foreign keys included, and one made while a table was empty reads all of it for ever
 * after: an append took longer the longer the log was. Every question of ours has an index, and no write touches many rows. What is
 * read is planned once for all values: left to itself the server planned each page of a long log anew, and took longer than for the page.
 */
const plansOf = {
  read: "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off",
  write: "-c enable_seqscan=off -c enable_mergejoin=off -c enable_hashjoin=off",
};

/** Only this machine is spoken to in the clear; of everybody else we want the name proved, not just a certificate. */
function tlsOf({ host, ca }: PostgresServer): false | ConnectionOptions {
  // A path is a Unix socket.
  if (ca === undefined && (host.startsWith("/") || isLoopbackHost(host))) return false;
  return {
    ...(ca === undefined ? {} : { ca }),
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    // `pg` tells TLS no name when the host is an address, and Node would then look for "localhost".
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
  };
}

/** A session, and the way to end it when nobody answers any more. */
export interface Session {
  readonly client: Client;
  readonly destroy: () => void;
  /** What `ask` asks leaves as one piece, so that the server is woken once and not for each statement. */
  readonly together: <Asked>(ask: () => Asked) => Asked;
}

/** Statements are sent without waiting for the answer to the one before. Throws `database_unreachable`, with what the server or the network said. */
export async function openSession(server: PostgresServer): Promise<Session> {
  const socket = new Socket();
  const client = new Client({ ...clientConfig(server, "write"), pipeline: true, stream: () => socket });
  const destroy = (): void => void socket.destroy();
  const together = <Asked>(ask: () => Asked): Asked => {
    socket.cork();
    try {
      return ask();
    } finally {
      socket.uncork();
    }
  };
  try {
    await client.connect();
    return { client, destroy, together };
  } catch (error) {
    // What breaks while it is being given up is no news.
    client.on("error", () => undefined);
    destroy();
    throw unreachable(server, error);
  }
}

export function unreachable(server: PostgresServer, error: unknown): GatehouseError {
  const state = error instanceof DatabaseError && error.code !== undefined ? ` (${error.code})` : "";
  return new GatehouseError(
    "database_unreachable",
    `Cannot use ${nameOf(server)} as ${server.user}: ${messageOf(error)}${state}. Check database: in the configuration, and the server.`,
    { cause: error },
  );
}
