/**
 * The embedded database: SQLite in one worker thread. It never says a write is done before the disk has it. Trusted with
 * durability; not with the truth of the log, which the log's own tree proves.
 */
export { lockFile } from "./folder-lock.ts";
export { openDatabase, openDatabaseForReading } from "./open-database.ts";
