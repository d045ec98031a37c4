import type { Client } from "pg";
import { escapeIdentifier } from "pg";

/**
 * What the role that runs the gateway may do, where another one migrates: what is on record can be added to and read, and
 * neither changed nor deleted, nor can its triggers be switched off. Tables that are not named here may be changed in every way.
 */
const onRecord: Readonly<Record<string, string>> = {
  migration: "SELECT",
  audit_head: "SELECT, INSERT, UPDATE",
  audit_entry: "SELECT, INSERT",
  audit_checkpoint: "SELECT, INSERT",
  audit_attachment: "SELECT, INSERT, UPDATE (bytes, erased_at)",
  audit_key: "SELECT, INSERT, UPDATE",
  audit_data_key: "SELECT, INSERT, UPDATE",
  audit_hold: "SELECT, INSERT, UPDATE",
  audit_request: "SELECT, INSERT, UPDATE",
  approval_vote: "SELECT, INSERT, UPDATE (reason)",
};

/** Run by the role that migrates, after it did, so that new tables are covered. */
export async function grantTo(session: Client, role: string): Promise<void> {
  const { rows } = await session.query<{ relname: string }>(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relowner = current_user::regrole",
  );
  for (const { relname: table } of rows) {
    const rights = onRecord[table] ?? "SELECT, INSERT, UPDATE, DELETE";
    await session.query(`GRANT ${rights} ON ${escapeIdentifier(table)} TO ${escapeIdentifier(role)}`);
  }
}
