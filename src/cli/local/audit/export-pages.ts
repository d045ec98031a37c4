import { type AuditExportPage, auditExportPage } from "#api";
import type { Auditor } from "./auditor.ts";

export type PageEntry = AuditExportPage["entries"][number];

/** What to export, as the control plane takes it: filters, format and whether with details. */
export interface ExportAsked {
  readonly query: URLSearchParams;
  readonly format: "ocsf" | "csv" | "har" | "bundle" | "proof";
  readonly withDetail: boolean;
}

/** Entries of one page: a page is what is in memory at a time. */
const pageEntries = 500;

/** Every entry that fits, newest first, a page at a time. */
export async function* exportedEntries(auditor: Auditor, asked: ExportAsked): AsyncGenerator<PageEntry> {
  const query = new URLSearchParams(asked.query);
  query.set("format", asked.format);
  query.set("limit", String(pageEntries));
  if (asked.withDetail) query.set("detail", "true");
  for (;;) {
    const page = await auditor.ask(`/api/v1/audit/export?${query.toString()}`, auditExportPage);
    yield* page.entries;
    if (page.next === undefined) return;
    query.set("before", page.next);
  }
}
