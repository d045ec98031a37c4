import { csvHeader, csvRow, type OcsfSource, ocsfEvent } from "#exports";
import { printableJson } from "#lib/printable";
import type { Auditor } from "./auditor.ts";
import { type ExportAsked, exportedEntries, type PageEntry } from "./export-pages.ts";
import type { Output } from "./output-file.ts";

/** `--format ocsf` and `--format csv`: one entry a line, newest first. Returns how many there were. */
export async function exportEntries(auditor: Auditor, asked: ExportAsked, output: Output): Promise<number> {
  const { log, version } = auditor.server.info;
  const source: OcsfSource = { origin: log.origin, productVersion: version };
  const line =
    asked.format === "csv"
      ? csvRow
      : (entry: PageEntry): string => `${printableJson(ocsfEvent(entry, source))}\n`;
  let entries = 0;
  if (asked.format === "csv") output.write(csvHeader);
  for await (const entry of exportedEntries(auditor, asked)) {
    output.write(line(entry));
    entries += 1;
  }
  return entries;
}
