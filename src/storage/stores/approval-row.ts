import { z } from "zod";
import type { ApprovalRequest } from "#approvals";
import type { Principal } from "#identity";
import type { Row, SqlValue } from "./database.ts";

export const insertColumns = [
  "id",
  "state",
  "fingerprint",
  "match_key",
  "exchange_id",
  "session_id",
  "requester_id",
  "requester",
  "agent",
  "connection",
  "operation_id",
  "operation_class",
  "resource_name",
  "preview",
  "requirements",
  "policy_version",
  "created_at",
  "decide_by",
  "execute_by",
  "recorded",
  "sealed",
] as const;

/** Never the sealed bytes: only a claim gets those. */
const readColumns = insertColumns.filter((column) => column !== "sealed");

/** The votes come along as one JSON array, oldest first. */
export const selectRequest = `SELECT ${readColumns.join(", ")},
  (SELECT json_group_array(json_object('approver', json(approver), 'verdict', verdict, 'reason', reason, 'at', at) ORDER BY ordinal)
     FROM approval_vote WHERE request_id = approval_request.id) AS votes
  FROM approval_request`;

export const selectUnrecorded = `${selectRequest} WHERE recorded = 0 ORDER BY created_at, id`;

/** In the order of `insertColumns`. */
export function requestValues(request: ApprovalRequest, sealed: Uint8Array): SqlValue[] {
  return [
    request.id,
    request.state,
    request.fingerprint,
    request.matchKey,
    request.exchangeId,
    request.sessionId,
    request.requester.id,
    principalText(request.requester),
    request.agent,
    request.connection,
    request.operationId,
    request.operationClass,
    request.resourceName,
    request.preview,
    JSON.stringify(request.requirements),
    request.policyVersion,
    request.createdAt.getTime(),
    request.decideBy.getTime(),
    request.executeBy?.getTime() ?? null,
    request.isRecorded ? 1 : 0,
    sealed,
  ];
}

export function principalText(principal: Principal): string {
  return JSON.stringify({ ...principal, email: principal.email ?? null });
}

const time = z.number().transform((ms) => new Date(ms));
const orMissing = <T>(value: T | null): T | undefined => value ?? undefined;
const json = z.string().transform((text): unknown => JSON.parse(text));

const principal = z.object({
  id: z.string(),
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable().transform(orMissing),
  groups: z.array(z.string()),
});

const requirement = z.object({
  policy: z.string(),
  rule: z.string(),
  groups: z.array(z.string()),
  approvals: z.number(),
  each: z.number(),
  decideWithinMs: z.number(),
  executeWithinMs: z.number(),
});

const vote = z.object({
  approver: principal,
  verdict: z.enum(["approve", "deny"]),
  reason: z.string().nullable().transform(orMissing),
  at: time,
});

const requestRow = z.object({
  id: z.string(),
  state: z.enum([
    "pending",
    "approved",
    "denied",
    "expired",
    "cancelled",
    "executing",
    "executed",
    "lapsed",
    "unknown",
  ]),
  fingerprint: z.string(),
  match_key: z.string(),
  exchange_id: z.string(),
  session_id: z.string(),
  requester: json.pipe(principal),
  agent: z.string(),
  connection: z.string(),
  operation_id: z.string(),
  operation_class: z.string(),
  resource_name: z.string(),
  preview: z.string(),
  requirements: json.pipe(z.array(requirement)),
  policy_version: z.string(),
  created_at: time,
  decide_by: time,
  execute_by: time.nullable().transform(orMissing),
  recorded: z.number(),
  votes: json.pipe(z.array(vote)),
});

export function parseRequest(row: Row): ApprovalRequest {
  const parsed = requestRow.parse(row);
  return {
    id: parsed.id,
    state: parsed.state,
    fingerprint: parsed.fingerprint,
    matchKey: parsed.match_key,
    exchangeId: parsed.exchange_id,
    sessionId: parsed.session_id,
    requester: parsed.requester,
    agent: parsed.agent,
    connection: parsed.connection,
    operationId: parsed.operation_id,
    operationClass: parsed.operation_class,
    resourceName: parsed.resource_name,
    preview: parsed.preview,
    requirements: parsed.requirements,
    policyVersion: parsed.policy_version,
    votes: parsed.votes,
    createdAt: parsed.created_at,
    decideBy: parsed.decide_by,
    executeBy: parsed.execute_by,
    isRecorded: parsed.recorded === 1,
  };
}
