import type { Command } from "commander";
import { z } from "zod";
import { isSpan } from "#api";
import { GatehouseError } from "#lib/errors";
import { requireEntryWord } from "../../entry-word.ts";
import type { Settings } from "../../settings.ts";
import { parseDuration } from "../../text.ts";

const words = [
  "principal",
  "agent",
  "session",
  "exchange",
  "operation",
  "resource",
  "class",
  "decision",
] as const;
const text = z.string().optional();

/** The options of `addFilterOptions`, as commander gives them. */
export const filterOptions = z.object({
  principal: text,
  agent: text,
  session: text,
  exchange: text,
  operation: text,
  resource: text,
  class: text,
  decision: text,
  status: text,
  kind: text,
  from: text,
  to: text,
});
export type FilterOptions = z.infer<typeof filterOptions>;

/** The same filters wherever entries are asked for. */
export function addFilterOptions(command: Command): Command {
  command
    .option("--from <time>", "not before: 2026-11-24T12:00:00Z, or 90s, 30m, 2h ago")
    .option("--to <time>", "before: 2026-11-24T12:00:00Z, or 90s, 30m, 2h ago")
    .option("--status <status>", "of the upstream's answer")
    .option("--kind <kind>", "kind of entry, e.g. exchange.refused");
  for (const word of words) command.option(`--${word} <${word}>`, `exactly this ${word}`);
  return command;
}

/** As the control plane takes it; times become absolute. What no entry can be is refused. Throws `usage_invalid`. */
export function filterQuery({ from, to, ...asked }: FilterOptions, settings: Settings): URLSearchParams {
  for (const name of ["kind", "class", "decision"] as const) requireEntryWord(name, asked[name]);
  if (asked.status !== undefined && !/^[1-9]\d\d$/.test(asked.status)) {
    throw new GatehouseError("usage_invalid", `--status: ${asked.status} is not a number from 100 to 999.`);
  }
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined) query.set(name, value);
  }
  for (const [name, time] of Object.entries(spanOf({ from, to }, settings))) query.set(name, time);
  return query;
}

export interface Span {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** ISO 8601; only what was given. Throws `usage_invalid`, also when nothing can lie between the two. */
export function spanOf(given: Span, settings: Settings): { from?: string; to?: string } {
  const from = given.from === undefined ? {} : { from: timeOf(given.from, settings) };
  const to = given.to === undefined ? {} : { to: timeOf(given.to, settings) };
  const span = { ...from, ...to };
  if (isSpan(span)) return span;
  throw new GatehouseError(
    "usage_invalid",
    `--from ${given.from ?? ""} is not before --to ${given.to ?? ""}: nothing lies between them.`,
  );
}

function timeOf(given: string, { terminal }: Settings): string {
  const ago = parseDuration(given);
  if (ago !== undefined) return new Date(terminal.clock.now().getTime() - ago).toISOString();
  const isTime = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(given);
  const time = isTime ? Date.parse(given) : Number.NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new GatehouseError(
    "usage_invalid",
    `${given} is not a time. Write 2026-11-24T12:00:00Z, 2026-11-24, or 2h.`,
  );
}
