import { styleText } from "node:util";
import { shortenBlanks } from "#lib/blank-runs";
import { printable } from "#lib/printable";
import type { Settings } from "./settings.ts";

export { printable };

/** Text of several lines that somebody else wrote: marked at every line, so that none passes for one of ours. */
export function quoted(text: string): string {
  return shortenBlanks(printable(text)).replace(/^/gm, "| ");
}

/** One line of a cell. */
function cell(text: string): string {
  return printable(text).replace(/[\n\t]/g, " ");
}

/**
 * Columns as wide as their widest cell; no borders, so that it can be cut and searched. On a screen of so many columns the widest
 * cells are shortened until lines fit: ids, times and numbers stay whole, and no column gets narrower than can be told apart.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  screenColumns?: number | undefined,
): string {
  const lines = [header, ...rows].map((row) => row.map(cell));
  const natural = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const least = header.map((_, column) =>
    Math.max(columnWidthMin, ...lines.map((line) => wholeLength(line[column]))),
  );
  const widths = fitted(natural, least, screenColumns);
  return lines
    .map((line) =>
      line.map((text, column) => shortened(text, widths[column] ?? 0).padEnd(widths[column] ?? 0)).join("  "),
    )
    .map((line) => line.trimEnd())
    .join("\n");
}

/** An id of ours, a time, a number: to be copied, or nothing without its end. */
const wholeCell = /^([a-z]{3}_[0-9A-Za-z]+|\d{4}-\d\d-\d\d .*|[\d:]+)$/;
const gapColumns = 2;
/** "stora…" still tells a service; less tells nothing. */
const columnWidthMin = 6;

function wholeLength(text = ""): number {
  return wholeCell.test(text) ? text.length : 0;
}

/** The widest gives way first, down to the next widest. */
function fitted(
  natural: readonly number[],
  least: readonly number[],
  screenColumns = Number.POSITIVE_INFINITY,
): readonly number[] {
  const widths = [...natural];
  const given = (): number => widths.reduce((sum, width) => sum + width + gapColumns, -gapColumns);
  while (given() > screenColumns) {
    const wide = widths.map((width, column) => (width > (least[column] ?? 0) ? width : 0));
    const widest = Math.max(...wide);
    if (widest === 0) break;
    widths[wide.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function shortened(text: string, width: number): string {
  if (text.length <= width) return text;
  // A character of two units is not cut in two.
  return `${text.slice(0, width - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** `name: value` lines with the values in one column; absent values are left out. No value makes a line of its own. */
export function facts(entries: readonly (readonly [name: string, value: string | undefined])[]): string {
  const known = entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const width = Math.max(...known.map(([name]) => name.length)) + 1;
  return known.map(([name, value]) => `${`${name}:`.padEnd(width)} ${cell(value)}`).join("\n");
}

/** An ISO time as people read it; always UTC, so that two people speak of the same moment. */
export function moment(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `90s`, `30m`, `2h` as milliseconds. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,5})(s|m|h)$/.exec(text) ?? [];
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 }[unit ?? ""];
  return unitMs === undefined ? undefined : Number(amount) * unitMs;
}

type Mood = "good" | "bad" | "open";
const colours = { good: "green", bad: "red", open: "yellow" } as const;

/** A line in the colour of its news, for a person at a terminal who has not said no to colours. */
export function inMood(mood: Mood, text: string, { isColoured }: Pick<Settings, "isColoured">): string {
  return isColoured ? styleText(colours[mood], text, { validateStream: false }) : text;
}
