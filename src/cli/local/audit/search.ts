import type { Command } from "commander";
import { z } from "zod";
import { type AuditEntry, auditEntryList } from "#api";
import { type CommandTools, moment, printable, type Terminal, table } from "#cli";
import { GatehouseError } from "#lib/errors";
import type { Settings } from "../../settings.ts";
import { parseDuration } from "../../text.ts";
import { type Auditor, signInAsAuditor } from "./auditor.ts";

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
const options = z.object({
  ...Object.fromEntries(words.map((word) => [word, text])),
  status: text,
  kind: text,
  text,
  from: text,
  to: text,
  before: text,
  limit: z.coerce.number().int().min(1).max(500),
  as: text,
});

/** `gatehouse audit search`: entries by what they say and whom they are about, newest first, a page at a time. */
export function addSearchCommand(audit: Command, { add, action, terminal }: CommandTools): void {
  const search = add(audit, "search", "find entries of a server's log (auditors; each search is an entry)")
    .option("--from <time>", "not before: 2026-11-24T12:00:00Z, or 90s, 30m, 2h ago")
    .option("--to <time>", "before: the same")
    .option("--status <status>", "of the upstream's answer")
    .option("--kind <kind>", "kind of entry, e.g. exchange.refused")
    .option(
      "--text <words>",
      "all these words, in what entries say and are about; with --session also in its recordings",
    );
  for (const word of words) search.option(`--${word} <${word}>`, `exactly this ${word}`);
  search
    .option("--limit <number>", "entries of a page", "50")
    .option("--before <place>", "go on where the page before ended")
    .option("--as <email>", "a person of the development identity provider")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const parsed = options.safeParse(command.opts());
        if (!parsed.success)
          throw new GatehouseError("usage_invalid", "--limit takes a number from 1 to 500.");
        const { as: person, ...asked } = parsed.data;
        const query = queryOf(asked, settings);
        const auditor = await signInAsAuditor(person, settings);
        const page = await searchPage(auditor, query, { limit: asked.limit, terminal });
        terminal.out(settings.isJson ? JSON.stringify(page) : pageText(page));
      }),
    );
}

const examples = `
Examples:
  gatehouse audit search --from 2h --decision policy_denied
  gatehouse audit search --principal developer@example.com --class destructive --json
  gatehouse audit search --session ses_0199c2… --text "bucket denied"
  gatehouse audit search --kind audit.read --from 2026-11-24T00:00:00Z`;

type Page = z.infer<typeof auditEntryList>;

function queryOf(
  { from, to, ...asked }: Readonly<Record<string, string | number | undefined>>,
  settings: Settings,
): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined) query.set(name, String(value));
  }
  if (from !== undefined) query.set("from", timeOf(String(from), settings));
  if (to !== undefined) query.set("to", timeOf(String(to), settings));
  return query;
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

/** The server looks at so many entries at once; we ask on until the page is full or the log has been seen. */
async function searchPage(
  auditor: Auditor,
  query: URLSearchParams,
  { limit, terminal }: { readonly limit: number; readonly terminal: Terminal },
): Promise<Page> {
  const entries: AuditEntry[] = [];
  for (let questions = 1; ; questions += 1) {
    query.set("limit", String(limit - entries.length));
    const page = await auditor.ask(`/api/v1/audit/entries?${query.toString()}`, auditEntryList);
    entries.push(...page.entries);
    if (page.next === undefined) return { entries };
    if (entries.length >= limit) return { entries, next: page.next };
    query.set("before", page.next);
    if (questions % questionsOfProgress === 0) terminal.err(progressText(entries.length, page.next));
  }
}

/** A few seconds' worth where every entry has to be read. */
const questionsOfProgress = 10;

/** `next` begins with the time that was reached. */
function progressText(found: number, next: string): string {
  const [reached = ""] = next.split("~");
  return `Looked back to ${printable(reached)}; ${found} found so far.`;
}

function pageText({ entries, next }: Page): string {
  if (entries.length === 0) return "No entry fits.";
  const rows = entries.map((entry) => [
    String(entry.index),
    entry.at === "" ? "" : moment(entry.at),
    entry.problem ?? entry.kind,
    entry.principal ?? "",
    entry.operation ?? "",
    entry.resource ?? "",
    [entry.decision, entry.status].filter((each) => each !== undefined).join(" "),
  ]);
  const header = ["INDEX", "TIME", "KIND", "PRINCIPAL", "OPERATION", "RESOURCE", "RESULT"];
  return `${table(header, rows)}${next === undefined ? "" : `\n\nMore: --before ${printable(next)}`}`;
}
