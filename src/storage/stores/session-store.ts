import { z } from "zod";
import type { Session, SessionStore } from "#identity";
import { assert } from "#lib/errors";
import type { Database, Row, SqlValue } from "./database.ts";
import {
  insertedPrincipalColumns,
  ofPrincipal,
  parsePrincipal,
  principalColumns,
  principalRow,
  principalValues,
} from "./principal-row.ts";

/** Sessions. Times are milliseconds since 1970. */
export function sessionStore(database: Database): SessionStore {
  return {
    async insert(session) {
      const result = await database.write([{ sql: insertSession, values: valuesOf(session) }]);
      assert(result.kind === "done", "a session was inserted");
    },
    async find(id) {
      const [row] = await database.read(`SELECT ${columns} FROM session WHERE id = ?`, [id]);
      return row === undefined ? undefined : parseSession(row);
    },
    async end(id, at) {
      const now = at.getTime();
      const sql = `UPDATE session SET ended_at = ? WHERE ${isNotOver} AND ended_at IS NULL AND id = ?`;
      const result = await database.write([{ sql, values: [now, now, id] }]);
      assert(result.kind === "done", "a session was ended");
    },
    async stop(which, at) {
      const [condition, values] = conditionOf(which);
      const now = at.getTime();
      const sql = `UPDATE session SET stopped_at = ? WHERE ${isNotOver} AND ${condition} RETURNING id, ${isHit} AS is_hit`;
      const result = await database.write([{ sql, values: [now, now, ...values] }]);
      assert(result.kind === "done", "sessions were stopped");
      return (result.rows[0] ?? []).flatMap((row) => (row["is_hit"] === 1 ? [String(row["id"])] : []));
    },
    async list(limit, principalId) {
      const whose = principalId === undefined ? "" : "WHERE principal_id = ?";
      const sql = `SELECT ${columns} FROM session ${whose} ORDER BY started_at DESC, id DESC LIMIT ?`;
      const values = principalId === undefined ? [limit] : [principalId, limit];
      return (await database.read(sql, values)).map(parseSession);
    },
  };
}

const ownColumns = "agent, connection, started_at, ends_at, stopped_at, ended_at, machine";
const columns = `id, ${principalColumns}, ${ownColumns}`;
const insertSession = `INSERT INTO session (id, ${insertedPrincipalColumns}, ${ownColumns})
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const isNotOver = "stopped_at IS NULL AND ends_at > ?";
/** Of a session that is being stopped: it ran, or something that it asked for can still happen. */
const isHit = `CASE WHEN ended_at IS NULL OR EXISTS (
    SELECT 1 FROM approval_request AS asked WHERE asked.session_id = session.id AND asked.state IN ('pending', 'approved')
  ) THEN 1 ELSE 0 END`;

function valuesOf(session: Session): SqlValue[] {
  return [
    session.id,
    ...principalValues(session.principal),
    session.agent,
    session.connection ?? null,
    session.startedAt.getTime(),
    session.endsAt.getTime(),
    session.stoppedAt?.getTime() ?? null,
    session.endedAt?.getTime() ?? null,
    session.machine ?? null,
  ];
}

function conditionOf(which: Parameters<SessionStore["stop"]>[0]): readonly [string, readonly SqlValue[]] {
  if (which === "all") return ["TRUE", []];
  if ("id" in which) return ["id = ?", [which.id]];
  if ("machine" in which) return ["machine = ?", [which.machine]];
  if ("issuer" in which) return ["issuer = ?", [which.issuer]];
  return ofPrincipal(which.principal);
}

const time = z.number().transform((ms) => new Date(ms));
const sessionRow = z.object({
  id: z.string(),
  ...principalRow,
  agent: z.string(),
  connection: z.string().nullable(),
  started_at: time,
  ends_at: time,
  stopped_at: time.nullable(),
  ended_at: time.nullable(),
  machine: z.string().nullable(),
});

function parseSession(row: Row): Session {
  const parsed = sessionRow.parse(row);
  return {
    id: parsed.id,
    principal: parsePrincipal(parsed),
    agent: parsed.agent,
    connection: parsed.connection ?? undefined,
    startedAt: parsed.started_at,
    endsAt: parsed.ends_at,
    stoppedAt: parsed.stopped_at ?? undefined,
    endedAt: parsed.ended_at ?? undefined,
    machine: parsed.machine ?? undefined,
  };
}
