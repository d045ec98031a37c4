import {
  type AuditExportPage,
  type AuditExportQuery,
  auditExportPage,
  auditExportQuery,
  exchangeDetail,
} from "#api";
import type { EntryReader, ListedEntry } from "#audit";
import { limits } from "#lib/limits";
import { cursorText, entryDetailOf, entryOf, queryOf } from "../entry-views.ts";
import { ControlRefusal } from "../refusal.ts";
import { type Reading, requireAuditor } from "../require-auditor.ts";
import { type App, exchangeParams, perMinute } from "./app.ts";

/** What auditors take away, page by page. On record as one export before the first page, whichever page comes first. */
export function addExportRoutes(app: App, reading: Reading): void {
  const { entries, exchanges } = reading.ports;
  const config = perMinute(limits.exportPagesPerMinuteMax);

  const pages = { schema: { querystring: auditExportQuery, response: { 200: auditExportPage } }, config };
  app.get("/api/v1/audit/export", pages, async (request) => {
    const subject = { what: "entries", format: request.query.format, asked: askedOf(request.query) } as const;
    await reading.reads.exported(await requireAuditor(request, subject, reading), subject);
    return pageOf(request.query, entries);
  });

  const one = { schema: { params: exchangeParams, response: { 200: exchangeDetail } }, config };
  app.get("/api/v1/audit/export/sessions/:id/exchanges/:exchange", one, async (request) => {
    const { id, exchange } = request.params;
    const subject = { what: "session", sessionId: id, format: "recordings" } as const;
    await reading.reads.exported(await requireAuditor(request, subject, reading), subject);
    const found = await exchanges.exchange(id, exchange);
    if (found === undefined) throw new ControlRefusal("not_found", `${exchange} of ${id}`);
    return found;
  });
}

/** Which page it is does not matter to the record: an export that begins in the middle is an export. */
function askedOf(query: AuditExportQuery): Record<string, string | number> {
  const { before: _, limit: __, format: ___, ...asked } = query;
  return Object.fromEntries(
    Object.entries(asked).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

async function pageOf(query: AuditExportQuery, reader: EntryReader): Promise<AuditExportPage> {
  const { format: _, detail, ...asked } = query;
  const limit = detail === undefined ? asked.limit : Math.min(asked.limit, limits.exportedDetailsMax);
  const { entries, next } = await reader.find(queryOf({ ...asked, limit }));
  requireReadable(entries);
  const shown = detail === undefined ? entries.map(entryOf) : await withDetails(entries, reader);
  return { entries: shown, ...(next === undefined ? {} : { next: cursorText(next) }) };
}

/** A listing shows what cannot be read as that; OCSF, CSV and HAR have no way to, and what cannot be read is not passed over. */
function requireReadable(entries: readonly ListedEntry[]): void {
  const damaged = entries.find(({ leaf }) => leaf === undefined);
  if (damaged === undefined) return;
  throw new ControlRefusal("entry_unreadable", `entry ${damaged.index}`);
}

/** One after the other: each brings its recordings into memory for a moment. */
async function withDetails(
  entries: readonly ListedEntry[],
  reader: EntryReader,
): Promise<AuditExportPage["entries"]> {
  const shown: AuditExportPage["entries"] = [];
  for (const { index } of entries) {
    const entry = await reader.show(index);
    if (entry !== undefined) shown.push(entryDetailOf(entry));
  }
  return shown;
}
