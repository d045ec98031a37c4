import { z } from "zod";
import type { Login, LoginStore } from "#identity";
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

/** Logins. Times are milliseconds since 1970. */
export function loginStore(database: Database): LoginStore {
  return {
    async insert(login) {
      const result = await database.write([{ sql: insertLogin, values: valuesOf(login) }]);
      assert(result.kind === "done", "a login was inserted");
    },
    async find(digest) {
      const [row] = await database.read(`SELECT ${columns} FROM login WHERE digest = ?`, [digest]);
      return row === undefined ? undefined : parseLogin(row);
    },
    async revoke(which, at) {
      const [condition, values] = conditionOf(which);
      const sql = `UPDATE login SET revoked_at = ? WHERE revoked_at IS NULL AND ${condition} RETURNING digest`;
      const result = await database.write([{ sql, values: [at.getTime(), ...values] }]);
      assert(result.kind === "done", "logins were revoked");
      return result.rows[0]?.length ?? 0;
    },
  };
}

const ownColumns = "machine, started_at, ends_at, revoked_at";
const columns = `digest, ${principalColumns}, ${ownColumns}`;
const insertLogin = `INSERT INTO login (digest, ${insertedPrincipalColumns}, ${ownColumns})
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

function valuesOf({ digest, principal, machine, startedAt, endsAt, revokedAt }: Login): SqlValue[] {
  const who = principalValues(principal);
  return [digest, ...who, machine, startedAt.getTime(), endsAt.getTime(), revokedAt?.getTime() ?? null];
}

function conditionOf(which: Parameters<LoginStore["revoke"]>[0]): readonly [string, readonly SqlValue[]] {
  if (which === "all") return ["TRUE", []];
  if ("digest" in which) return ["digest = ?", [which.digest]];
  if ("issuer" in which) return ["issuer = ?", [which.issuer]];
  return ofPrincipal(which.principal);
}

const time = z.number().transform((ms) => new Date(ms));
const loginRow = z.object({
  digest: z.string(),
  ...principalRow,
  machine: z.string(),
  started_at: time,
  ends_at: time,
  revoked_at: time.nullable(),
});

function parseLogin(row: Row): Login {
  const parsed = loginRow.parse(row);
  return {
    digest: parsed.digest,
    principal: parsePrincipal(parsed),
    machine: parsed.machine,
    startedAt: parsed.started_at,
    endsAt: parsed.ends_at,
    revokedAt: parsed.revoked_at ?? undefined,
  };
}
