import { printableLine } from "#lib/printable";
import type { ExportedEntry } from "./exported-entry.ts";

const columns = [
  "index",
  "at",
  "kind",
  "principal",
  "agent",
  "session",
  "exchange",
  "approval",
  "operation",
  "class",
  "resource",
  "decision",
  "status",
  "policy",
  "id",
] as const satisfies readonly (keyof ExportedEntry)[];

/** First line of a file: RFC 4180, lines end in CR LF. */
export const csvHeader = `${columns.join(",")}\r\n`;

/**
 * One entry as one line. Made for people's spreadsheets: what cannot be seen is named (`\u{202e}`, and a backslash that would
 * look like such a name as `\u{5c}`), and no cell is a formula, whichever separator the reader splits at.
 */
export function csvRow(entry: ExportedEntry): string {
  return `${columns.map((column) => cell(entry[column])).join(",")}\r\n`;
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return "";
  const text = guarded(printableLine(String(value).replace(/\\(?=u\{)/g, "\\u{5c}")));
  return /[",;|\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A spreadsheet computes a cell that begins with one of these, and the formula was written by whoever named the
 * resource. Some look past white space and quotes, some take the full-width forms, so those count as well. Where the comma
 * is the decimal sign files are split at semicolons, and the quotes that hold a cell together stand in the middle of one
 * then: so the guard stands behind each separator that a reader may choose. Tabs and line ends are named before.
 */
function guarded(text: string): string {
  return text.replace(/(^|[;|])(?=[\s"']*[=+\-@\u2010-\u2015\u2212\uFF0B\uFF0D\uFF1D\uFF20])/g, "$1'");
}
