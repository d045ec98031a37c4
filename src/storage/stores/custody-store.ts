import { z } from "zod";
import type { CustodyStore, EndedSession, Shredding } from "#custody";
import { assert } from "#lib/errors";
import { type ActStatement, appendWith } from "./audit-store.ts";
import {
  confirmStatement,
  holdColumns,
  holdValues,
  parseHold,
  parseRequest,
  requestColumns,
  requestValues,
} from "./custody-rows.ts";
import type { Database } from "./database.ts";
import { findablePart } from "./findable-name.ts";

/** Holds, requests for a second auditor, and the erasure of a session. */
export function custodyStore(database: Database): CustodyStore {
  return { ...writingStore(database), ...readingStore(database), ...sweepingStore(database) };
}

type Writing = "insertHold" | "insertRequest" | "release" | "shred";
type Sweeping = "sweep" | "scrub" | "markSwept" | "unswept";

function writingStore(database: Database): Pick<CustodyStore, Writing> {
  return {
    insertHold: (row, hold) =>
      appendWith(database, row, [{ sql: insertHold, values: holdValues(hold), mustChange: 1 }]),
    insertRequest: (row, request) =>
      appendWith(database, row, [{ sql: insertRequest, values: requestValues(request), mustChange: 1 }]),
    release: (row, holdId, confirmation) =>
      appendWith(database, row, [
        { ...confirmStatement(confirmation), otherwise: "not_open" },
        {
          sql: "UPDATE audit_hold SET released_at = ?, release_request = ? WHERE id = ? AND released_at IS NULL",
          values: [confirmation.at.getTime(), confirmation.requestId, holdId],
          mustChange: 1,
          otherwise: "not_open",
        },
      ]),
    shred: (row, shredding) => appendWith(database, row, shredStatements(shredding)),
  };
}

function shredStatements(shredding: Shredding): ActStatement<"held" | "erased" | "not_open">[] {
  const { sessionId, at, confirmation } = shredding;
  const time = at.getTime();
  return [
    { sql: unlessHeld, values: [sessionId, sessionId], mustChange: 1, otherwise: "held" },
    {
      sql: destroyKey,
      values: [sessionId, time, time, confirmation?.requestId ?? null],
      mustChange: 1,
      otherwise: "erased",
    },
    ...(confirmation === undefined
      ? []
      : [{ ...confirmStatement(confirmation), otherwise: "not_open" as const }]),
    // Of entries that an earlier version wrote in clear; their content goes with the sweep.
    {
      sql: "UPDATE audit_key SET mac_key = NULL, erased_at = ? WHERE key_id = ? AND mac_key IS NOT NULL",
      values: [time, sessionId],
    },
    { sql: forgetAgent, values: [sessionId, sessionId, sessionId] },
    { sql: forgetSession, values: [sessionId] },
    { sql: forgetApprovals, values: [sessionId] },
    { sql: forgetReasons, values: [sessionId] },
  ];
}

function readingStore(database: Database): Omit<CustodyStore, Writing | Sweeping> {
  const isThere = async (sql: string, values: readonly string[]): Promise<boolean> =>
    (await database.read(sql, values)).length > 0;
  return {
    async holds(limit) {
      const sql = `SELECT ${holdColumns} FROM audit_hold WHERE released_at IS NULL ORDER BY set_at, id LIMIT ?`;
      return (await database.read(sql, [limit])).map(parseHold);
    },
    async findHold(id) {
      const sql = `SELECT ${holdColumns} FROM audit_hold WHERE released_at IS NULL AND id = ?`;
      return (await database.read(sql, [id])).map(parseHold)[0];
    },
    async openRequests(since, limit) {
      const sql = `SELECT ${requestColumns} FROM audit_request WHERE confirmed_at IS NULL AND requested_at > ?
        ORDER BY requested_at, id LIMIT ?`;
      return (await database.read(sql, [since.getTime(), limit])).map(parseRequest);
    },
    async findRequest(id) {
      const sql = `SELECT ${requestColumns} FROM audit_request WHERE id = ?`;
      return (await database.read(sql, [id])).map(parseRequest)[0];
    },
    isHeld: (sessionId) => isThere(`${holdsOn} LIMIT 1`, [sessionId, sessionId]),
    isErased: (sessionId) =>
      isThere("SELECT 1 AS one FROM audit_data_key WHERE key_id = ? AND erased_at IS NOT NULL", [sessionId]),
    hasEntries: (sessionId) =>
      isThere("SELECT 1 AS one FROM audit_entry WHERE session_id = ? LIMIT 1", [sessionId]),
    async endedSessions(before, after, limit) {
      const { id = "", endedAt = new Date(-1) } = after ?? {};
      const values = [before.getTime(), endedAt.getTime(), id, limit];
      return (await database.read(selectEnded, values)).map(parseEnded);
    },
    async classesOf(sessionId) {
      const sql = "SELECT DISTINCT class FROM audit_entry WHERE session_id = ? AND class IS NOT NULL";
      return (await database.read(sql, [sessionId])).map((row) => z.string().parse(row["class"]));
    },
  };
}

/** Entries of one step: two recordings each, of 256 KiB and headers at most, so some 9 MiB. */
const sweptEntries = 16;

function sweepingStore(database: Database): Pick<CustodyStore, Sweeping> {
  return {
    async sweep(sessionId, from, at) {
      const rows = await database.read(selectToSweep, [sessionId, sessionId, from, sweptEntries]);
      const indexes = rows.map((row) => z.int().parse(row["entry_index"]));
      const last = indexes.at(-1);
      if (last === undefined) return undefined;
      const between = [sessionId, sessionId, from, last];
      const result = await database.write([
        { sql: removeBytes, values: [at.getTime(), ...between] },
        { sql: removeNames, values: between },
      ]);
      assert(result.kind === "done", "what is erased is removed");
      return last + 1;
    },
    scrub: () => database.scrub(),
    async markSwept(sessionId, at) {
      const sql =
        "UPDATE audit_data_key SET swept_at = ? WHERE key_id = ? AND erased_at IS NOT NULL AND swept_at IS NULL";
      await database.write([{ sql, values: [at.getTime(), sessionId] }]);
    },
    async unswept(limit) {
      const sql =
        "SELECT key_id FROM audit_data_key WHERE erased_at IS NOT NULL AND swept_at IS NULL ORDER BY erased_at, key_id LIMIT ?";
      return (await database.read(sql, [limit])).map((row) => z.string().parse(row["key_id"]));
    },
  };
}

const insertHold = `INSERT INTO audit_hold (${holdColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const insertRequest = `INSERT INTO audit_request (${requestColumns}) VALUES (?, ?, ?, ?, ?, ?, NULL)`;

/** Holds on the session asked for, by name or because one of its entries is what a hold's query looks for. */
const holdsOn = `SELECT 1 AS one FROM audit_hold AS hold WHERE hold.released_at IS NULL AND (
    hold.session_id = ?
    OR (hold.session_id IS NULL AND EXISTS (
      SELECT 1 FROM audit_entry AS entry LEFT JOIN audit_listing AS about ON about.entry_index = entry.entry_index
      WHERE entry.session_id = ?
        AND (hold.principal IS NULL OR about.principal = ${findablePart("hold.principal")})
        AND (hold.agent IS NULL OR about.agent = ${findablePart("hold.agent")})
        AND (hold.resource IS NULL OR about.resource = ${findablePart("hold.resource")})
        AND (hold.operation IS NULL OR entry.operation = hold.operation)
        AND (hold.class IS NULL OR entry.class = hold.class)
        AND (hold.from_time IS NULL OR entry.t >= hold.from_time)
        AND (hold.to_time IS NULL OR entry.t < hold.to_time))))`;

/** Changes nothing; that it finds its row says that no hold stands. */
const unlessHeld = `UPDATE audit_head SET next_index = next_index WHERE one = 1 AND NOT EXISTS (${holdsOn})`;

/** Also where there was no key: what an earlier version wrote in clear is erased just the same. */
const destroyKey = `INSERT INTO audit_data_key (key_id, scope, made_at, erased_at, erasure_entry, request_id)
  SELECT CAST(? AS TEXT), 'session', CAST(? AS BIGINT), CAST(? AS BIGINT), next_index - 1, CAST(? AS TEXT) FROM audit_head WHERE one = 1
  ON CONFLICT (key_id) DO UPDATE SET wrapped = NULL, wrapped_by = NULL,
    erased_at = excluded.erased_at, erasure_entry = excluded.erasure_entry, request_id = excluded.request_id
  WHERE audit_data_key.erased_at IS NULL`;

/** What auditors did to the session is listed with its agent, and is not swept: it is under a day's key. They name themselves. */
const forgetAgent = `UPDATE audit_listing SET agent = NULL
  WHERE entry_index IN (SELECT entry_index FROM audit_entry WHERE session_id = ? AND key_id <> ?)
    AND agent = (SELECT agent FROM session WHERE id = ?)`;
// Whose session it was and what its agent called itself are kept for signing in and for lists; that there was one, when, and
// that it is over stays.
const forgetSession = `UPDATE session SET principal_id = 'erased', issuer = 'erased', subject = 'erased', email = NULL, groups = '[]',
    folded_name = 'erased', agent = 'erased'
  WHERE id = ?`;
// What still waits ends: the session is over, and the held bytes are what it was going to send.
const waits = "state IN ('pending', 'approved')";
const forgetApprovals = `UPDATE approval_request SET requester_id = 'erased', fingerprint = 'erased', match_key = id, preview = '', resource_name = '', agent = 'erased',
    requester = '{"id":"erased","issuer":"erased","subject":"erased","email":null,"groups":[]}',
    sealed = CASE WHEN ${waits} THEN NULL ELSE sealed END,
    recorded = CASE WHEN ${waits} THEN 0 ELSE recorded END,
    state = CASE WHEN ${waits} THEN 'cancelled' ELSE state END
  WHERE session_id = ?`;

/** Who voted, how and when is the approvers' own; what they wrote may repeat what the request said. */
const forgetReasons = `UPDATE approval_vote SET reason = NULL
  WHERE reason IS NOT NULL AND request_id IN (SELECT id FROM approval_request WHERE session_id = ?)`;

/** Entries under the session's key, and those with nothing beside them; not what tells of the erasure. */
const ofSession = "session_id = ? AND (key_id IS NULL OR key_id = ?) AND entry_index >= ?";
const selectToSweep = `SELECT entry_index FROM audit_entry WHERE ${ofSession} ORDER BY entry_index LIMIT ?`;
const swept = `SELECT entry_index FROM audit_entry WHERE ${ofSession} AND entry_index <= ?`;
const removeBytes = `UPDATE audit_attachment SET bytes = NULL, erased_at = ? WHERE bytes IS NOT NULL AND entry_index IN (${swept})`;
/** What else a listing has of an entry is what the entry says for ever. */
const removeNames = `UPDATE audit_listing SET principal = NULL, agent = NULL, resource = NULL WHERE entry_index IN (${swept})`;

const selectEnded = `SELECT id, ended_at FROM (
    SELECT session.id, coalesce(session.ended_at, session.stopped_at, session.ends_at) AS ended_at
    FROM session LEFT JOIN audit_data_key AS data_key ON data_key.key_id = session.id
    WHERE data_key.erased_at IS NULL) AS ended
  WHERE ended_at <= ? AND (ended_at, id) > (?, ?)
  ORDER BY ended_at, id LIMIT ?`;

const endedRow = z.object({ id: z.string(), ended_at: z.number() });

function parseEnded(row: unknown): EndedSession {
  const { id, ended_at } = endedRow.parse(row);
  return { id, endedAt: new Date(ended_at) };
}
