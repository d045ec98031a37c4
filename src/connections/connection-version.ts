import { createHash } from "node:crypto";
import type { Connection } from "./connection.ts";

/**
 * What a connection is: SHA-256, hex, of all that was configured of it and of the account its key belongs to. Another key of
 * the same account is the same connection; another account, endpoint or fence under the same name is another one.
 */
export function connectionVersion(connection: Connection, account: string | undefined): string {
  return createHash("sha256")
    .update(JSON.stringify(inOrder(["connection/v1", connection, account ?? null])))
    .digest("hex");
}

/** The order in which members were written says nothing. */
function inOrder(value: unknown): unknown {
  if (value instanceof URL) return value.href;
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const members: [string, unknown][] = Object.entries(value);
  const sorted = members.sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, inner]) => [name, inOrder(inner)]));
}
