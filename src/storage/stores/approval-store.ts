import type {
  ApprovalCaps,
  ApprovalFilter,
  ApprovalRequest,
  ApprovalStore,
  Vote,
  VoteStep,
} from "#approvals";
import { assert } from "#lib/errors";
import {
  insertColumns,
  parseRequests,
  principalText,
  requestValues,
  selectRequests,
  selectUnrecorded,
} from "./approval-row.ts";
import type { Database, Row, SqlValue, Statement } from "./database.ts";

/** Approval requests. Each change is one statement, or several that succeed or fail together. */
export function approvalStore(database: Database): ApprovalStore {
  const one = async (sql: string, values: readonly SqlValue[]): Promise<ApprovalRequest | undefined> => {
    return parseRequests(await database.read(sql, values))[0];
  };
  /** Rows that a single statement changed. */
  const change = async (sql: string, values: readonly SqlValue[]): Promise<readonly Row[]> => {
    const result = await database.write([{ sql, values }]);
    assert(result.kind === "done", "a statement without condition is done");
    return result.rows[0] ?? [];
  };
  return {
    insert: (request, sealed, caps) => insert(database, { request, sealed, caps }),
    find: (id) => one(selectRequests("WHERE id = ?"), [id]),
    findByMatchKey: (matchKey, deniedAfter) => one(selectByMatchKey, [matchKey, deniedAfter.getTime()]),
    list: async (filter, limit) => parseRequests(await database.read(...listQuery(filter, limit))),
    addVote: async (id, vote, step) => {
      const result = await database.write([insertVote(id, vote, step), moveOnVote(id, vote, step)]);
      return result.kind === "done";
    },
    claim: async (id, fingerprint, now) => {
      const [row] = await change(claimOnce, [id, now.getTime(), fingerprint]);
      const sealed = row?.["sealed"];
      assert(row === undefined || sealed instanceof Uint8Array, "an executing request has its sealed bytes");
      return sealed instanceof Uint8Array ? sealed : undefined;
    },
    settle: async (id, outcome) => (await change(settleOnce, [outcome, id])).length === 1,
    cancel: async (id, because) => (await change(cancelOpen, [because, id])).length === 1,
    expireOverdue: async (now) => (await change(expireAll, [now.getTime(), now.getTime()])).map(idOf),
    abandonExecuting: async () => (await change(abandonAll, [])).map(idOf),
    markRecorded: async (id, state) => {
      await change("UPDATE approval_request SET recorded = 1 WHERE id = ? AND state = ?", [id, state]);
    },
    unrecorded: async () => parseRequests(await database.read(selectUnrecorded)),
    nextDeadline: async () => {
      const [row] = await database.read(earliestDeadline);
      const at = row?.["at"];
      return typeof at === "number" ? new Date(at) : undefined;
    },
  };
}

const openStates = "('pending', 'approved', 'executing')";

const selectByMatchKey = selectRequests(
  `WHERE match_key = ? AND (state IN ${openStates} OR (state = 'denied' AND decided_at > ?))`,
  "state = 'denied', decided_at DESC, id DESC",
  "LIMIT 1",
);

/** One row, or no execution. */
const claimOnce = `UPDATE approval_request SET state = 'executing'
  WHERE id = ? AND state = 'approved' AND execute_by > ? AND fingerprint = ? AND recorded = 1
  RETURNING sealed`;

const settleOnce = `UPDATE approval_request SET state = ?, sealed = NULL
  WHERE id = ? AND state = 'executing' RETURNING id`;

const cancelOpen = `UPDATE approval_request SET state = 'cancelled', withdrawn_because = ?, sealed = NULL, recorded = 0
  WHERE id = ? AND state IN ('pending', 'approved') RETURNING id`;

const expireAll = `UPDATE approval_request
  SET state = CASE state WHEN 'pending' THEN 'expired' ELSE 'lapsed' END, sealed = NULL, recorded = 0
  WHERE (state = 'pending' AND decide_by <= ?) OR (state = 'approved' AND execute_by <= ?) RETURNING id`;

const abandonAll = `UPDATE approval_request SET state = 'unknown', sealed = NULL, recorded = 0
  WHERE state = 'executing' RETURNING id`;

const earliestDeadline = `SELECT min(CASE state WHEN 'pending' THEN decide_by ELSE execute_by END) AS at
  FROM approval_request WHERE state IN ('pending', 'approved')`;

/** The caps are counted in the statement that inserts, so that calls arriving together cannot slip past them. */
const insertRequest = `INSERT INTO approval_request (${insertColumns.join(", ")})
  SELECT ${insertColumns.map(() => "?").join(", ")}
  WHERE (SELECT count(*) FROM approval_request WHERE state = 'pending' AND session_id = ?) < ?
    AND (SELECT count(*) FROM approval_request WHERE state IN ('pending', 'approved')) < ?
    AND (SELECT coalesce(sum(length(sealed)), 0) FROM approval_request WHERE state IN ${openStates}) + ? <= ?
  ON CONFLICT (match_key) WHERE state IN ${openStates} DO NOTHING`;

interface Insertion {
  readonly request: ApprovalRequest;
  readonly sealed: Uint8Array;
  readonly caps: ApprovalCaps;
}

async function insert(
  database: Database,
  { request, sealed, caps }: Insertion,
): ReturnType<ApprovalStore["insert"]> {
  const values = [
    ...requestValues(request, sealed),
    request.sessionId,
    caps.pendingPerSession,
    caps.openTotal,
    sealed.length,
    caps.sealedBytesTotal,
  ];
  const result = await database.write([{ sql: insertRequest, values, mustChange: 1 }]);
  if (result.kind === "done") return "inserted";
  const sql = `SELECT 1 FROM approval_request WHERE match_key = ? AND state IN ${openStates}`;
  return (await database.read(sql, [request.matchKey])).length > 0 ? "exists" : "too_many";
}

function insertVote(id: string, { approver, verdict, reason, at }: Vote, { votesSeen }: VoteStep): Statement {
  return {
    sql: `INSERT INTO approval_vote (request_id, ordinal, approver_id, approver_email, approver, verdict, reason, at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    values: [
      id,
      votesSeen,
      approver.id,
      approver.email?.toLowerCase() ?? null,
      principalText(approver),
      verdict,
      reason ?? null,
      at.getTime(),
    ],
    mustChange: 1,
  };
}

/** Names the votes it was weighed with: one that came in between makes the whole write void. */
function moveOnVote(id: string, { at }: Vote, { votesSeen, state, executeBy }: VoteStep): Statement {
  const now = at.getTime();
  return {
    sql: `UPDATE approval_request SET
        state = ?1,
        execute_by = ?2,
        decided_at = CASE ?1 WHEN 'pending' THEN NULL ELSE CAST(?3 AS BIGINT) END,
        recorded = CASE ?1 WHEN 'pending' THEN recorded ELSE 0 END,
        sealed = CASE ?1 WHEN 'denied' THEN NULL ELSE sealed END
      WHERE id = ?4 AND state = 'pending' AND decide_by > ?3
        AND (SELECT count(*) FROM approval_vote WHERE request_id = ?4) = ?5`,
    values: [state, executeBy?.getTime() ?? null, now, id, votesSeen + 1],
    mustChange: 1,
  };
}

function listQuery({ state, requesterId }: ApprovalFilter, limit: number): [string, SqlValue[]] {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  if (state !== undefined) {
    conditions.push("state = ?");
    values.push(state);
  }
  if (requesterId !== undefined) {
    conditions.push("requester_id = ?");
    values.push(requesterId);
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return [selectRequests(where, "created_at DESC, id DESC", "LIMIT ?"), [...values, limit]];
}

function idOf(row: Row): string {
  return String(row["id"]);
}
