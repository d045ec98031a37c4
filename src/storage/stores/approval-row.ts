import { z } from "zod";
import { type ApprovalRequest, type Vote, withdrawals } from "#approvals";
import type { Principal } from "#identity";
import { approvalStates, verdicts } from "#lib/entry-words";
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
  "connection_version",
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
  "withdrawn_because",
  "sealed",
] as const;

/** Never the sealed bytes: only a claim gets those. */
const readColumns = insertColumns.filter((column) => column !== "sealed");

/**
 * Requests with their votes, one row for each vote, oldest first; a request without votes has one row. What engines say
 * about JSON differs, so the votes are put together here.
 */
export function selectRequests(where: string, order = "id", limit = ""): string {
  return `SELECT request.*, vote.approver AS vote_approver, vote.verdict AS vote_verdict, vote.reason AS vote_reason, vote.at AS vote_at
    FROM (
      SELECT ${readColumns.join(", ")}, decided_at FROM approval_request ${where} ORDER BY ${order} ${limit}
    ) AS request
    LEFT JOIN approval_vote AS vote ON vote.request_id = request.id
    ORDER BY ${order}, ordinal`;
}

export const selectUnrecorded = selectRequests("WHERE recorded = 0", "created_at, id");

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
    request.connectionVersion,
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
    request.withdrawnBecause ?? null,
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

const voteRow = z.object({
  vote_approver: json.pipe(principal),
  vote_verdict: z.enum(verdicts),
  vote_reason: z.string().nullable().transform(orMissing),
  vote_at: time,
});

const requestRow = z.object({
  id: z.string(),
  state: z.enum(approvalStates),
  fingerprint: z.string(),
  match_key: z.string(),
  exchange_id: z.string(),
  session_id: z.string(),
  requester: json.pipe(principal),
  agent: z.string(),
  connection: z.string(),
  connection_version: z.string(),
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
  withdrawn_because: z.enum(withdrawals).nullable().transform(orMissing),
});

/** Rows of `selectRequests`. */
export function parseRequests(rows: readonly Row[]): readonly ApprovalRequest[] {
  const rowsOf = Map.groupBy(rows, (row) => row["id"]);
  return [...rowsOf.values()].flatMap((each) =>
    each[0] === undefined ? [] : [parseRequest(each[0], each.flatMap(parseVote))],
  );
}

function parseVote(row: Row): readonly Vote[] {
  if (row["vote_approver"] === null) return [];
  const parsed = voteRow.parse(row);
  return [
    {
      approver: parsed.vote_approver,
      verdict: parsed.vote_verdict,
      reason: parsed.vote_reason,
      at: parsed.vote_at,
    },
  ];
}

function parseRequest(row: Row, votes: readonly Vote[]): ApprovalRequest {
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
    connectionVersion: parsed.connection_version,
    operationId: parsed.operation_id,
    operationClass: parsed.operation_class,
    resourceName: parsed.resource_name,
    preview: parsed.preview,
    requirements: parsed.requirements,
    policyVersion: parsed.policy_version,
    votes,
    createdAt: parsed.created_at,
    decideBy: parsed.decide_by,
    executeBy: parsed.execute_by,
    isRecorded: parsed.recorded === 1,
    withdrawnBecause: parsed.withdrawn_because,
  };
}
