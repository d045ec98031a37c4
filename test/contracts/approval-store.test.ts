import { expect, test } from "vitest";
import { approvalStore } from "../../src/storage/stores/index.ts";
import { memoryApprovalStore } from "../fakes/memory-approval-store.ts";
import { approvalStoreContract } from "./approval-store.ts";
import { temporaryDatabase } from "./temporary-database.ts";

approvalStoreContract("SQLite", async () => approvalStore(await temporaryDatabase()));
approvalStoreContract("memory", async () => memoryApprovalStore());

const insert = `INSERT INTO approval_request (id, state, fingerprint, match_key, exchange_id, session_id, requester_id,
  requester, agent, connection, operation_id, operation_class, resource_name, preview, requirements, policy_version,
  created_at, decide_by, recorded, sealed)
  VALUES ('apr_1', 'pending', 'f', 'm', 'e', 's', 'r', '{}', 'a', 'c', 'o', 'k', 'n', 'p', '[]', 'v', 0, 0, 1, x'00')`;

test.each([
  ["a state cannot go back", "UPDATE approval_request SET state = 'executed', sealed = NULL"],
  ["a fingerprint cannot be changed", "UPDATE approval_request SET fingerprint = 'other'"],
  ["the time to decide cannot be moved", "UPDATE approval_request SET decide_by = 1"],
  ["held bytes cannot outlive their use", "UPDATE approval_request SET state = 'denied'"],
])("SQLite: %s, whatever statement tries", async (_sentence, sql) => {
  const database = await temporaryDatabase();
  await database.write([{ sql: insert, values: [] }]);
  await expect(database.write([{ sql, values: [] }])).rejects.toMatchObject({
    code: "database_statement_refused",
  });
});
