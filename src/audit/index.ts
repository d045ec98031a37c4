/**
 * What happened, for ever: entries, their order, and the tree over them.
 * It never reports an entry as durable before it is, and never rewrites one.
 */
export type { About } from "./about.ts";
export { type Keyring, openDetail } from "./attachment.ts";
export { DataKeys } from "./data-keys.ts";
export type {
  Attachment,
  AuditLog,
  EntryKind,
  JsonValue,
  NewEntry,
  Receipt,
} from "./entry.ts";
export type { EntryCursor, EntryFilter, EntryQuery } from "./entry-query.ts";
export {
  type EntryReader,
  type ListedEntry,
  openEntryReader,
  type ShownAttachment,
  type ShownEntry,
  type SizesBeyond,
} from "./entry-reader.ts";
export type { Erasure } from "./erasure.ts";
export { exportTiles, type WriteFile } from "./export-tiles.ts";
export type { DataKeyName, KeyProvider } from "./key-provider.ts";
export { type Leaf, parseLeaf } from "./leaf.ts";
export { type ActLog, type AuditLogParts, type OpenAuditLog, openAuditLog } from "./log.ts";
export {
  type ConsistencyAnswer,
  type CosignatureLines,
  openPublishedLog,
  type PublishedLog,
} from "./published-log.ts";
export {
  type AuditReader,
  type ExchangeDetail,
  type ExchangeRecord,
  type ExchangeWithRecordings,
  openAuditReader,
} from "./reader.ts";
export {
  formatSessionProof,
  isSessionProof,
  type ProvenEntry,
  type SessionProof,
  type SessionProofVerification,
  verifySessionProof,
} from "./session-proof.ts";
export { type EntryStage, entryStages, type SizesReached, stagesOf } from "./stage.ts";
export type {
  Appended,
  AuditStore,
  EntryAbout,
  EntryPage,
  EntryRow,
  EntryWithDetail,
  ExchangeQuery,
  LogSource,
  NewDataKey,
  NewestExchanges,
  NotStored,
  StoredAttachment,
  StoredCheckpoint,
  StoredDataKey,
  StoredEntry,
  StoredMacKey,
} from "./store.ts";
export type { AttachmentCount, AttachmentCounts } from "./verification/attachment-counts.ts";
export { type Breach, CustodyRules, type Undecided } from "./verification/custody-rules.ts";
export { type OpenerThread, startOpenerThread } from "./verification/opener-thread.ts";
export { type LogVerification, type VerifyOptions, verifyLog } from "./verification/verify.ts";
