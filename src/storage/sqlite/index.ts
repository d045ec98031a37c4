/**
 * The embedded store: SQLite in one worker thread, and the stores of other modules on top of it.
 * It never says a write is done before the disk has it. Trusted with durability; not with the truth of the log,
 * which the log's own tree proves.
 */
export { sqliteApprovalStore } from "./approval-store.ts";
export { sqliteArchiveStore } from "./archive-store.ts";
export { sqliteAuditStore } from "./audit-store.ts";
export { sqliteCosignatureStore } from "./cosignature-store.ts";
export { type Database, isKnownUnwritten, type Row, type SqlValue, type Statement } from "./database.ts";
export { sqliteLoginStore } from "./login-store.ts";
export { openDatabase, openDatabaseForReading } from "./open-database.ts";
export { sqliteSessionStore } from "./session-store.ts";
export { sqliteSinkStore } from "./sink-store.ts";
export { sqliteSpentAssertions } from "./spent-assertions.ts";
