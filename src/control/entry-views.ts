import type { AuditEntry, AuditEntryDetail, AuditEntryQuery } from "#api";
import type { EntryCursor, EntryQuery, ListedEntry, ShownEntry } from "#audit";

export function entryOf({ index, stage, leaf, about }: ListedEntry): AuditEntry {
  if (leaf === undefined)
    return { index, stage, id: "", kind: "unreadable", at: "", problem: problemOf(index), ...about };
  const { id, kind, t: at, session, exchange, approval, operation, decision, status, policy } = leaf;
  return {
    index,
    stage,
    id,
    kind,
    at,
    ...(session === undefined ? {} : { session }),
    ...(exchange === undefined ? {} : { exchange }),
    ...(approval === undefined ? {} : { approval }),
    ...(operation === undefined ? {} : { operation }),
    ...(leaf.class === undefined ? {} : { class: leaf.class }),
    ...(decision === undefined ? {} : { decision }),
    ...(status === undefined ? {} : { status }),
    ...(policy === undefined ? {} : { policy }),
    ...about,
  };
}

function problemOf(index: number): string {
  return `Unreadable entry at index ${index}: verify the log.`;
}

export function entryDetailOf(entry: ShownEntry): AuditEntryDetail {
  return {
    ...entryOf(entry),
    leaf: Buffer.from(entry.leafBytes).toString("utf8"),
    leafHash: Buffer.from(entry.leafHash).toString("base64"),
    attachments: entry.attachments.map(({ role, bytes, state }) => ({ role, bytes, state })),
    ...(entry.detail === undefined ? {} : { detail: parseJson(entry.detail) }),
  };
}

/** It was JSON when it was written; what is not any more is shown as it is. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function queryOf({ before, limit, text, from, to, principal, ...exact }: AuditEntryQuery): EntryQuery {
  return {
    limit,
    text,
    before: before === undefined ? undefined : cursorOf(before),
    filter: {
      ...exact,
      from: from === undefined ? undefined : new Date(from).toISOString(),
      to: to === undefined ? undefined : new Date(to).toISOString(),
      principal: principal?.toLowerCase(),
    },
  };
}

export function cursorText({ t, index }: EntryCursor): string {
  return `${t}~${index}`;
}

function cursorOf(text: string): EntryCursor {
  const [t = "", index = ""] = text.split("~");
  return { t, index: Number(index) };
}
