import { z } from "zod";
import { limits } from "#lib/limits";

/**
 * One entry of the audit log, in the words of docs/audit-log.md. Stored bytes that are no entry are listed too, with `problem`, the kind
 * `unreadable`, and nothing else of what an entry would say.
 */
export const auditEntry = z.object({
  index: z.int(),
  problem: z.string().optional(),
  /** `published`: under a signed checkpoint. `durable`: on disk, and under one within a second. */
  stage: z.enum(["durable", "published"]),
  id: z.string(),
  kind: z.string(),
  at: z.string(),
  session: z.string().optional(),
  exchange: z.string().optional(),
  approval: z.string().optional(),
  operation: z.string().optional(),
  class: z.string().optional(),
  decision: z.string().optional(),
  status: z.int().optional(),
  policy: z.string().optional(),
  /** E-mail address or subject; like agent and resource kept beside the log, and erasable. */
  principal: z.string().optional(),
  agent: z.string().optional(),
  resource: z.string().optional(),
});
export type AuditEntry = z.infer<typeof auditEntry>;

/** `GET /api/v1/audit/entries`: newest first. A page may be empty and still have a next one. */
export const auditEntryList = z.object({ entries: z.array(auditEntry), next: z.string().optional() });

/** `GET /api/v1/audit/entries/:index`. */
export const auditEntryDetail = auditEntry.extend({
  /** The exact bytes that were hashed, as text. */
  leaf: z.string(),
  /** Base64. */
  leafHash: z.string(),
  attachments: z.array(
    z.object({
      role: z.string(),
      bytes: z.int(),
      state: z.enum(["as_committed", "changed", "erased", "missing"]),
    }),
  ),
  /** What the entry's detail says in clear. */
  detail: z.unknown().optional(),
});
export type AuditEntryDetail = z.infer<typeof auditEntryDetail>;

const word = z.string().min(1).max(256);
/** `t~index`, as `next` said it. */
const cursor = z.string().regex(/^\d{4}-[\dT:.-]{10,30}Z~\d{1,16}$/);

/** The query of `GET /api/v1/audit/entries`. */
export const auditEntryQuery = z.strictObject({
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  principal: word.optional(),
  agent: word.optional(),
  resource: z.string().min(1).max(8_192).optional(),
  session: word.optional(),
  exchange: word.optional(),
  kind: word.optional(),
  operation: word.optional(),
  class: word.optional(),
  decision: word.optional(),
  status: z.coerce.number().int().min(0).max(999).optional(),
  /** Words, all of which occur in what an entry says and is about. */
  text: z.string().trim().min(1).max(limits.textQueryCharsMax).optional(),
  before: cursor.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
export type AuditEntryQuery = z.infer<typeof auditEntryQuery>;
