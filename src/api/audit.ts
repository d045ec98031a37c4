import { z } from "zod";
import { type WordName, wordProblem } from "#lib/entry-words";
import { limits } from "#lib/limits";

/** On disk; in the tree; under a signed checkpoint; under one that a witness cosigned; in a write-once bucket. */
const entryStage = z.enum(["durable", "integrated", "published", "witnessed", "archived"]);

/**
 * One entry of the audit log, in the words of docs/audit-log.md. Stored bytes that are no entry are listed too, with `problem`, the kind
 * `unreadable`, and nothing else of what an entry would say.
 */
export const auditEntry = z.object({
  index: z.int(),
  problem: z.string().optional(),
  /** How far it has come. */
  stage: entryStage,
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

/** That the recordings of a session were erased, as its `key.shred` entry tells it. */
export const erasure = z.object({
  /** Of that entry. */
  index: z.int(),
  at: z.string(),
  cause: z.string(),
  reason: z.string().optional(),
  requestedBy: z.string().optional(),
  confirmedBy: z.string().optional(),
});
export type ErasureView = z.infer<typeof erasure>;

/** `GET /api/v1/audit/entries/:index`. */
export const auditEntryDetail = auditEntry.extend({
  /** All that it has reached, in order: there may be an archive and no witness. */
  stages: z.array(entryStage).optional(),
  /** The exact bytes that were hashed, as text. */
  leaf: z.string(),
  /** Base64. */
  leafHash: z.string(),
  attachments: z.array(
    z.object({
      role: z.string(),
      bytes: z.int(),
      state: z.enum(["as_committed", "changed", "erased", "missing", "locked"]),
    }),
  ),
  /** What the entry's detail says in clear. */
  detail: z.unknown().optional(),
  /** What became of the recordings of the entry's session, if they were erased. */
  erasure: erasure.optional(),
});
export type AuditEntryDetail = z.infer<typeof auditEntryDetail>;

/** `GET /api/v1/audit/consistency`: the newest checkpoint, and that it continues the log of `from` entries. */
export const consistencyAnswer = z.object({
  /** A signed note. */
  checkpoint: z.string(),
  /** Hashes in base64, RFC 6962 section 2.1.2; empty where the log is not so large. */
  proof: z.array(z.string()),
});
/** Its query; sizes stay exact in a JSON number. */
export const consistencyQuery = z.strictObject({
  from: z
    .string()
    .regex(/^(0|[1-9]\d{0,14})$/)
    .transform(Number),
});

const word = z.string().min(1).max(256);
/** `t~index`, as `next` said it. */
const cursor = z.string().regex(/^\d{4}-[\dT:.-]{10,30}Z~\d{1,16}$/, {
  error: "this is no place in a listing; those come from the page before, as next",
});
/** RFC 9110 section 15 has three digits. */
const status = z
  .string()
  .regex(/^[1-9]\d\d$/, { error: "a status is a number from 100 to 999" })
  .transform(Number);

/** One of the words that an entry can say there; the refusal of another says which was meant. */
export function entryWord(name: WordName) {
  return word.superRefine((given, context) => {
    const problem = wordProblem(name, given);
    if (problem !== undefined) context.addIssue(problem);
  });
}

/** Of a query's `from` and `to`. Between a time and an earlier one lies nothing, which is not what was meant. */
export function isSpan({ from, to }: { from?: string | undefined; to?: string | undefined }): boolean {
  return from === undefined || to === undefined || Date.parse(from) < Date.parse(to);
}
export const emptySpan = "from is not before to: nothing lies between them";

const entryFilters = z.strictObject({
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  principal: word.optional(),
  agent: word.optional(),
  resource: z.string().min(1).max(8_192).optional(),
  session: word.optional(),
  exchange: word.optional(),
  kind: entryWord("kind").optional(),
  operation: word.optional(),
  class: entryWord("class").optional(),
  decision: entryWord("decision").optional(),
  status: status.optional(),
  /** Words, all of which occur in what an entry says and is about. */
  text: z.string().trim().min(1).max(limits.textQueryCharsMax).optional(),
  before: cursor.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

/** The query of `GET /api/v1/audit/entries`. What no entry can say is refused rather than not found. */
export const auditEntryQuery = entryFilters.refine(isSpan, emptySpan);
export type AuditEntryQuery = z.infer<typeof auditEntryQuery>;

/** In which words an export leaves; on record with it. */
export const auditExportFormat = z.enum(["ocsf", "csv", "har", "bundle", "proof"]);

/** The query of `GET /api/v1/audit/export`: that of a search, what for, and whether with details in clear. */
export const auditExportQuery = entryFilters
  .extend({
    format: auditExportFormat,
    detail: z.literal("true").optional(),
  })
  .refine(isSpan, emptySpan);
export type AuditExportQuery = z.infer<typeof auditExportQuery>;

/** `GET /api/v1/audit/export`: newest first; leaf, attachments and detail only where details were asked for. */
export const auditExportPage = z.object({
  entries: z.array(auditEntryDetail.partial({ leaf: true, leafHash: true, attachments: true })),
  next: z.string().optional(),
});
export type AuditExportPage = z.infer<typeof auditExportPage>;
