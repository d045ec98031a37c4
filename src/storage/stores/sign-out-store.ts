import { createHash } from "node:crypto";
import type { ProviderSession, SignOutStore } from "#identity";
import type { Clock } from "#lib/clock";
import { assert } from "#lib/errors";
import type { Database, Statement } from "./database.ts";

/** Sign-outs in the database. Times are milliseconds since 1970. What counts no more is forgotten with the next write. */
export function signOutStore(database: Database, clock: Clock): SignOutStore {
  const write = async (...statements: Statement[]): Promise<void> => {
    const result = await database.write(statements);
    assert(result.kind === "done", "a sign-out was kept");
  };
  const now = (): number => clock.now().getTime();
  return {
    end: (scope, at) => write({ sql: end, values: [scope, at.getTime()] }),
    async endedAt(scopes) {
      const places = scopes.map(() => "?").join(", ");
      const sql = `SELECT max(at) AS at FROM signed_out WHERE scope IN (${places})`;
      const [row] = await database.read(sql, [...scopes]);
      const at = row?.["at"];
      return at === null || at === undefined ? undefined : new Date(Number(at));
    },
    remember: (session, subject, until) =>
      write(
        { sql: "DELETE FROM provider_session WHERE kept_until < ?", values: [now()] },
        { sql: remember, values: [digestOf(session), subject, until.getTime()] },
      ),
    async subjectOf(session) {
      const sql = "SELECT subject FROM provider_session WHERE digest = ? AND kept_until >= ?";
      const [row] = await database.read(sql, [digestOf(session), now()]);
      return row === undefined ? undefined : String(row["subject"]);
    },
    async isSpent(digest) {
      const sql = "SELECT digest FROM spent_logout_token WHERE digest = ?";
      return (await database.read(sql, [digest])).length > 0;
    },
    spend: (digest, until) =>
      write(
        { sql: "DELETE FROM spent_logout_token WHERE counts_until < ?", values: [now()] },
        { sql: spend, values: [digest, until.getTime()] },
      ),
  };
}

/** An end that comes late, as from a slow provider, takes nothing back. */
const end =
  "INSERT INTO signed_out (scope, at) VALUES (?, ?) ON CONFLICT (scope) DO UPDATE SET at = excluded.at WHERE excluded.at > signed_out.at";
const remember =
  "INSERT INTO provider_session (digest, subject, kept_until) VALUES (?, ?, ?) ON CONFLICT (digest) DO UPDATE SET subject = excluded.subject, kept_until = excluded.kept_until";
const spend = "INSERT INTO spent_logout_token (digest, counts_until) VALUES (?, ?) ON CONFLICT DO NOTHING";

function digestOf({ issuer, sid }: ProviderSession): string {
  return createHash("sha256")
    .update(JSON.stringify([issuer, sid]))
    .digest("base64url");
}
