import { z } from "zod";
import { approvalStates, verdicts } from "#lib/entry-words";

export const approvalState = z.enum(approvalStates);

/** What the requester may see while waiting. */
export const approvalStatus = z.object({
  id: z.string(),
  state: approvalState,
  decideBy: z.iso.datetime(),
  executeBy: z.iso.datetime().optional(),
  denialReason: z.string().optional(),
  /** Of a cancelled one: why it was withdrawn. */
  withdrawnBecause: z.string().optional(),
});
export type ApprovalStatus = z.infer<typeof approvalStatus>;

/** What an approver sees. */
export const approvalDetail = approvalStatus.extend({
  requester: z.object({ email: z.string().optional(), subject: z.string() }),
  agent: z.string(),
  connection: z.string(),
  operation: z.string(),
  class: z.string(),
  resource: z.string(),
  preview: z.string(),
  fingerprint: z.string(),
  requirements: z.array(
    z.object({
      policy: z.string(),
      rule: z.string(),
      groups: z.array(z.string()),
      approvals: z.number(),
      each: z.number(),
    }),
  ),
  votes: z.array(z.object({ approver: z.string(), verdict: z.enum(verdicts), at: z.iso.datetime() })),
  createdAt: z.iso.datetime(),
});
export type ApprovalDetail = z.infer<typeof approvalDetail>;
export const approvalList = z.object({ approvals: z.array(approvalDetail) });

/** `POST /api/v1/approvals/:id/votes`. */
export const voteRequest = z.object({
  verdict: z.enum(verdicts),
  reason: z.string().max(500).optional(),
  /** What the approver looked at; a vote on something else is refused. */
  fingerprint: z.string(),
});
export type VoteRequest = z.infer<typeof voteRequest>;
