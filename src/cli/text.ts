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

/** Columns as wide as their widest cell; no borders, so that it can be cut and searched. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(cell));
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => line.map((text, column) => text.padEnd(widths[column] ?? 0)).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
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
