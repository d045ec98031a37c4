import type { Client } from "pg";
import { z } from "zod";
import { GatehouseError } from "#lib/errors";

/** "gatehous" in ASCII: one gateway writes one log, and one database holds one log. */
const lockKey = Buffer.from("gatehous").readBigInt64BE();

/** The oldest version that its makers still mend at the time of writing, and that the suite runs on. */
const versionMin = 150_000;

/**
 * Takes the lock of the one that writes. PostgreSQL gives it back when this session ends, however it ends, together with
 * whatever the session had not committed: nobody can still write who has lost it. Throws `database_in_use`.
 */
export async function lockLog(session: Client, name: string): Promise<void> {
  await session.query(
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3",
  );
  try {
    // Waits for as long as `lock_timeout` says: the session of a gateway that was just killed may need a moment to end.
    await session.query("SELECT pg_advisory_lock($1)", [lockKey]);
  } catch (error) {
    throw new GatehouseError(
      "database_in_use",
      `Another Gatehouse is writing to the ${name}. Stop it, or give this one a database of its own.`,
      { cause: error },
    );
  }
}

const settings = z.object({
  fsync: z.string(),
  full_page_writes: z.string(),
  synchronous_commit: z.string(),
  encoding: z.string(),
  version: z.number(),
  is_standby: z.number(),
});

/**
 * Asked in the session that writes, since a role and a database can have settings of their own. Throws
 * `database_not_durable` or `database_unsuitable`.
 */
export async function requireDurable(session: Client, name: string): Promise<void> {
  const { rows } = await session.query<Record<string, unknown>>(askSettings);
  const found = settings.parse(rows[0]);
  const { fsync, full_page_writes: fullPages, synchronous_commit: commit } = found;
  if (fsync !== "on" || fullPages !== "on" || !["on", "remote_apply"].includes(commit)) {
    throw new GatehouseError(
      "database_not_durable",
      `The ${name} reports fsync=${fsync}, full_page_writes=${fullPages} and synchronous_commit=${commit}; Gatehouse needs all three on. ` +
        "Look at postgresql.conf, and at ALTER ROLE … SET and ALTER DATABASE … SET.",
    );
  }
  const objection = objectionTo(found);
  if (objection !== undefined) throw new GatehouseError("database_unsuitable", `The ${name} ${objection}.`);
  // A configuration that is reloaded later does not weaken this session.
  await session.query("SELECT set_config('synchronous_commit', $1, false)", [commit]);
}

const askSettings = `SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
  current_setting('synchronous_commit') AS synchronous_commit, current_setting('server_encoding') AS encoding,
  current_setting('server_version_num')::int AS version, pg_is_in_recovery() AS is_standby`;

function objectionTo({
  encoding,
  version,
  is_standby: isStandby,
}: z.infer<typeof settings>): string | undefined {
  if (isStandby === 1) return "is a standby, which cannot be written to: name the primary";
  if (version < versionMin) return `is of version ${version}; Gatehouse needs PostgreSQL 15 or newer`;
  if (encoding !== "UTF8") return `keeps its text as ${encoding}; create it with ENCODING 'UTF8'`;
  return undefined;
}

/** An unlogged table is emptied by a crash. Throws `database_not_durable`. */
export async function requireLoggedTables(session: Client, name: string): Promise<void> {
  const { rows } = await session.query<{ relname: string }>(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relpersistence <> 'p' AND relnamespace = current_schema()::regnamespace",
  );
  if (rows.length === 0) return;
  throw new GatehouseError(
    "database_not_durable",
    `The ${name} has tables that a crash empties: ${rows.map(({ relname }) => relname).join(", ")}. Run ALTER TABLE … SET LOGGED.`,
  );
}
