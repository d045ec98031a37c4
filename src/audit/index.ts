/**
 * What happened, for ever: entries, their order, and the tree over them.
 * It never reports an entry as durable before it is, and never rewrites one.
 */
export type { Attachment, AuditLog, EntryKind, JsonValue, NewEntry, Receipt } from "./entry.ts";
