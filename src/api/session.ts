import { z } from "zod";
import { erasure } from "./audit.ts";

export const exchangeId = z.string().regex(/^exc_[A-Za-z0-9]{1,64}$/);

export const sessionSummary = z.object({
  id: z.string(),
  principal: z.object({
    id: z.string(),
    email: z.string().optional(),
    issuer: z.string(),
    subject: z.string(),
  }),
  agent: z.string(),
  startedAt: z.iso.datetime(),
  endsAt: z.iso.datetime(),
  stoppedAt: z.iso.datetime().optional(),
  state: z.enum(["running", "stopped", "ended"]),
});
export type SessionSummary = z.infer<typeof sessionSummary>;

export const exchangeSummary = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  method: z.string(),
  host: z.string(),
  operation: z.string().optional(),
  class: z.string().optional(),
  resource: z.string().optional(),
  decision: z.string(),
  /** The rules that decided, `policy/rule`. */
  reasons: z.array(z.string()),
  status: z.number().int().optional(),
  /** How it ended. */
  outcome: z.enum(["answered", "refused", "aborted", "unknown", "running"]),
  approvalId: z.string().optional(),
  maskedValues: z.number().int(),
  intentIndex: z.number().int().optional(),
  outcomeIndex: z.number().int().optional(),
});
export type ExchangeSummary = z.infer<typeof exchangeSummary>;

export const recordedMessage = z.object({
  startLine: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  /** UTF-8 text of the masked body; base64 when it is not text. */
  body: z.string(),
  encoding: z.enum(["utf8", "base64"]),
  isTruncated: z.boolean(),
});
export type RecordedMessage = z.infer<typeof recordedMessage>;

/** One exchange with what was recorded of it. */
export const exchangeDetail = exchangeSummary.extend({
  request: recordedMessage.optional(),
  answer: recordedMessage.optional(),
});
export type ExchangeDetail = z.infer<typeof exchangeDetail>;

export const sessionDetail = sessionSummary.extend({
  /** Its recordings and the names in its entries are gone, since then and therefore. */
  erasure: erasure.optional(),
  /** Where there are older exchanges than these: `before` of the question for them. */
  next: exchangeId.optional(),
  /** In order of time, without what was recorded of them. */
  exchanges: z.array(exchangeSummary),
});
export type SessionDetail = z.infer<typeof sessionDetail>;
export const sessionDetailQuery = z.strictObject({ before: exchangeId.optional() });

/** Which sessions to stop: of one principal, by id or e-mail; of one identity provider; or all. */
export const sessionsStop = z.union([
  z.strictObject({ principal: z.string().min(1).max(320) }),
  z.strictObject({ issuer: z.string().min(1).max(1024) }),
  z.strictObject({ all: z.literal(true) }),
]);
export const sessionsStopped = z.object({
  /** Ids of those that ran. */
  sessions: z.array(z.string()),
  /** How many machines have to sign in again. */
  logins: z.number().int(),
  /** How many browsers have to sign in again. */
  browsers: z.number().int(),
});
export const sessionList = z.object({ sessions: z.array(sessionSummary) });
