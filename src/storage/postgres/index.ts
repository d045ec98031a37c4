/**
 * PostgreSQL as the database: one session that writes and holds the lock of the log, and a few that read. It never says a
 * write is done before the server has said COMMIT, and takes no server that may say so too early. Trusted with durability; not
 * with the truth of the log, which the log's own tree proves.
 */
export { type Migrator, openPostgres, openPostgresForReading } from "./open-database.ts";
export type { PostgresServer } from "./session.ts";
