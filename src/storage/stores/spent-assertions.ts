import type { SpentAssertions } from "#identity";
import type { Clock } from "#lib/clock";
import { assert } from "#lib/errors";
import type { Database } from "./database.ts";

/** SAML assertions that have counted. What would be refused for its age anyway is forgotten. */
export function spentAssertions(database: Database, clock: Clock): SpentAssertions {
  return {
    async spend(digest, until) {
      const result = await database.write([
        { sql: "DELETE FROM spent_assertion WHERE counts_until < ?", values: [clock.now().getTime()] },
        { sql: spend, values: [digest, until.getTime()] },
      ]);
      assert(result.kind === "done", "an assertion was spent");
      return result.rows[1]?.length === 1;
    },
  };
}

/** One statement decides: of two processes, one gets the row back. */
const spend =
  "INSERT INTO spent_assertion (digest, counts_until) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING digest";
