import { DatabaseError } from "pg";
import { messageOf } from "#lib/errors";
import type { Failure } from "../group-commit.ts";
import type { DatabaseErrorCode } from "../stores/database.ts";

/** SQLSTATEs, whole or by class, after which the transaction can be rolled back and goes on being ours. */
const harmless: readonly (readonly [start: string, code: DatabaseErrorCode])[] = [
  ["53100", "database_full"],
  ["53200", "database_busy"], // out of memory
  ["55P03", "database_busy"], // somebody holds a lock for longer than we wait
  ["57014", "database_busy"], // the statement took too long, or somebody cancelled it
  ["40", "database_busy"], // deadlock, serialization
  ["25006", "database_statement_refused"], // a read-only session was asked to write
  ["21", "database_statement_refused"], // cardinality
  ["22", "database_statement_refused"], // a value that does not fit its type
  ["23", "database_statement_refused"], // a constraint
  ["42", "database_statement_refused"], // not SQL, or not permitted
  ["54", "database_statement_refused"], // too large
  ["P0001", "database_statement_refused"], // a trigger of ours
];

/**
 * Sorts what a statement before COMMIT met. The list of harmless ones is closed: an error we do not know (a lost
 * connection, a shutdown, input/output, corruption) means that this session can no longer be relied on.
 */
export function failureOf(error: unknown): Failure {
  const message = messageOf(error);
  if (!(error instanceof DatabaseError) || error.severity !== "ERROR") {
    return { kind: "failed", code: "database_failed", message };
  }
  const state = error.code ?? "";
  const known = harmless.find(([start]) => state.startsWith(start));
  return { kind: "failed", code: known?.[1] ?? "database_failed", message: `${message} (${state})` };
}
