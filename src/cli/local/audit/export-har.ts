import { exchangeDetail } from "#api";
import { harEntry, harFrame } from "#exports";
import { printableJson } from "#lib/printable";
import type { Auditor } from "./auditor.ts";
import { type ExportAsked, exportedEntries } from "./export-pages.ts";
import type { Output } from "./output-file.ts";

/** `--format har --session ID`: the exchanges of one session as they were recorded. Returns how many there were. */
export async function exportHar(auditor: Auditor, asked: ExportAsked, output: Output): Promise<number> {
  const session = asked.query.get("session") ?? "";
  const endings = await exchangesOf(auditor, asked);
  const { version, log } = auditor.server.info;
  const frame = harFrame({ version, comment: `Session ${session} of ${log.origin}; values are masked.` });
  output.write(frame.head);
  let written = 0;
  // Ids sort by time.
  for (const [exchange, endedAt] of [...endings].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const path = `/api/v1/audit/export/sessions/${session}/exchanges/${exchange}`;
    const detail = await auditor.ask(path, exchangeDetail);
    const separator = written === 0 ? "" : frame.separator;
    output.write(`${separator}${printableJson(harEntry({ ...detail, endedAt }))}`);
    written += 1;
  }
  output.write(frame.tail);
  return written;
}

/** The exchanges whose entries fit, each with the time of its last entry. */
async function exchangesOf(auditor: Auditor, asked: ExportAsked): Promise<ReadonlyMap<string, string>> {
  const endings = new Map<string, string>();
  for await (const { exchange, at } of exportedEntries(auditor, asked)) {
    if (exchange === undefined) continue;
    const known = endings.get(exchange);
    if (known === undefined || known < at) endings.set(exchange, at);
  }
  return endings;
}
