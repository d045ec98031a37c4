/**
 * The stores that other modules declare, written once for every engine: SQL that SQLite and PostgreSQL both take, over the
 * `Database` that each engine provides. They trust the database with durability and hold no state of their own.
 */
export { approvalStore } from "./approval-store.ts";
export { archiveStore } from "./archive-store.ts";
export { auditStore } from "./audit-store.ts";
export { cosignatureStore } from "./cosignature-store.ts";
export { custodyStore } from "./custody-store.ts";
export { type Database, isKnownUnwritten, type Row, type SqlValue, type Statement } from "./database.ts";
export { foldNames } from "./fold-names.ts";
export { loginStore } from "./login-store.ts";
export { sessionStore } from "./session-store.ts";
export { signOutStore } from "./sign-out-store.ts";
export { sinkStore } from "./sink-store.ts";
export { spentAssertions } from "./spent-assertions.ts";
