import { DataKeys, type KeyProvider, type LogSource, type NewDataKey } from "#audit";
import { emptyFrontier, extend, hashLeaf, type NoteSigner, rootOf, signCheckpoint } from "#tlog";
import { aboutOf } from "../../src/audit/about.ts";
import { sealAttachment } from "../../src/audit/attachment.ts";
import type { DataKey } from "../../src/audit/data-key.ts";
import { encodeLeaf, keptOf } from "../../src/audit/leaf.ts";
import type { SqlValue } from "../../src/storage/stores/index.ts";
import { entryOf, timeOf } from "./entries.ts";

export const origin = "bench.example/audit";

/** The tables of a log but its head, in the order in which they can be filled, and the columns that the stores fill. */
export const logTables = {
  audit_data_key: ["key_id", "scope", "wrapped", "wrapped_by", "made_at"],
  audit_entry: ["entry_index", "leaf", "leaf_hash"],
  audit_attachment: ["entry_index", "role", "bytes"],
  audit_listing: [
    ...["entry_index", "t", "kind", "session_id", "operation", "class"],
    ...["decision", "status", "principal", "agent", "resource"],
  ],
  audit_checkpoint: ["size", "note", "signed_at"],
} as const;
export type LogTable = keyof typeof logTables;
export const logTableNames: readonly LogTable[] = [
  "audit_data_key",
  "audit_entry",
  "audit_attachment",
  "audit_listing",
  "audit_checkpoint",
];

/** Rows for each table, values in the order of its columns. */
export type LogRows = Record<LogTable, (readonly SqlValue[])[]>;

export interface LogMaker {
  readonly signer: NoteSigner;
  readonly provider: KeyProvider;
}

/** Signed after so many: what half a second of a busy server adds. */
const entriesOfCheckpoint = 500;
const entriesOfGroup = 5_000;

/**
 * A log of `size` entries in the format of docs/audit-log.md, a group of rows at a time: leaves, seals, wrapped keys and
 * checkpoints by the very functions that the log uses for each append.
 */
export async function* logRows(size: number, { signer, provider }: LogMaker): AsyncGenerator<LogRows> {
  let frontier = emptyFrontier;
  let rows = noRows();
  const keys = new DataKeys(newLog, [provider]);
  const keep = (key: NewDataKey): void => void rows.audit_data_key.push(dataKeyRow(key));
  for (let n = 0; n < size; n += 1) {
    const whose = { sessionId: entryOf(n).sessionId, at: timeOf(n) };
    const leafHash = await keys.keyFor(whose, keyStore(keep), (key) => addEntry(rows, n, key));
    frontier = extend(frontier, leafHash);
    if (frontier.size % entriesOfCheckpoint === 0 || frontier.size === size) {
      const note = signCheckpoint({ origin, size: frontier.size, root: rootOf(frontier) }, signer);
      rows.audit_checkpoint.push([frontier.size, note, timeOf(n).getTime()]);
    }
    if (frontier.size % entriesOfGroup === 0 || frontier.size === size) {
      yield rows;
      rows = noRows();
    }
  }
}

function noRows(): LogRows {
  return {
    audit_data_key: [],
    audit_entry: [],
    audit_attachment: [],
    audit_listing: [],
    audit_checkpoint: [],
  };
}

/** Returns the leaf's hash. */
function addEntry(rows: LogRows, n: number, key: DataKey): Uint8Array {
  const entry = entryOf(n);
  const at = timeOf(n);
  const id = `rec_${String(n).padStart(32, "0")}`;
  const attachments = keptOf(entry).map((kept) => sealAttachment(kept, id, key));
  const commitments = attachments.map(({ commitment }) => commitment);
  const leaf = encodeLeaf(entry, { id, at, keyId: key.id, commitments });
  const leafHash = hashLeaf(leaf);
  rows.audit_entry.push([n, leaf, leafHash]);
  for (const { role, bytes } of attachments) rows.audit_attachment.push([n, role, bytes]);
  const { kind, sessionId, operation, class: riskClass, decision, status } = entry;
  const { principal, agent, resource } = aboutOf(entry);
  const listed = [kind, sessionId, operation, riskClass, decision, status, principal, agent, resource];
  rows.audit_listing.push([n, at.toISOString(), ...listed.map((value) => value ?? null)]);
  return leafHash;
}

function dataKeyRow({ keyId, scope, wrapped, by, at }: NewDataKey): readonly SqlValue[] {
  return [keyId, scope, wrapped, by, at.getTime()];
}

/** A log that has no key yet, so that each is made. */
const newLog: Pick<LogSource, "head" | "dataKey"> = {
  head: async () => ({ origin, size: 0 }),
  dataKey: async () => ({ kind: "missing" }),
};

function keyStore(keep: (key: NewDataKey) => void) {
  return {
    dataKey: newLog.dataKey,
    keepDataKey: async (key: NewDataKey) => {
      keep(key);
      return { kind: "wrapped", by: key.by, bytes: key.wrapped } as const;
    },
  };
}
