import type { AuditEntry, AuditEntryDetail, AuditEntryQuery, ErasureView } from "#api";
import type { EntryCursor, EntryQuery, Erasure, ListedEntry, ShownEntry } from "#audit";
import { exportedEntry } from "#exports";

export function entryOf({ index, stages, leaf, about }: ListedEntry): AuditEntry {
  const stage = stages.at(-1) ?? "durable";
  if (leaf !== undefined) return { ...exportedEntry(index, leaf, about), stage };
  return { index, stage, id: "", kind: "unreadable", at: "", problem: problemOf(index), ...about };
}

function problemOf(index: number): string {
  return `Unreadable entry at index ${index}: verify the log.`;
}

export function entryDetailOf(entry: ShownEntry): AuditEntryDetail {
  return {
    ...entryOf(entry),
    stages: [...entry.stages],
    leaf: Buffer.from(entry.leafBytes).toString("utf8"),
    leafHash: Buffer.from(entry.leafHash).toString("base64"),
    attachments: entry.attachments.map(({ role, bytes, state }) => ({ role, bytes, state })),
    ...(entry.detail === undefined ? {} : { detail: parseJson(entry.detail) }),
    ...(entry.erasure === undefined ? {} : { erasure: erasureViewOf(entry.erasure) }),
  };
}

/** Absent members stay absent: `undefined` is no JSON. */
export function erasureViewOf({ index, at, cause, ...said }: Erasure): ErasureView {
  const { reason, requestedBy, confirmedBy } = said;
  return {
    index,
    at,
    cause,
    ...(reason === undefined ? {} : { reason }),
    ...(requestedBy === undefined ? {} : { requestedBy }),
    ...(confirmedBy === undefined ? {} : { confirmedBy }),
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
