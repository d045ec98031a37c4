import type { Command } from "commander";
import { z } from "zod";
import { type AuditEntry, auditEntryList, auditEntryQuery } from "#api";
import { type CommandTools, moment, printable, type Terminal, table } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { type Auditor, signInAsAuditor } from "./auditor.ts";
import { addFilterOptions, filterOptions, filterQuery } from "./entry-filter.ts";

const options = filterOptions.extend({
  text: z.string().optional(),
  before: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(500),
  as: z.string().optional(),
});

/** `gatehouse audit search`: entries by what they say and whom they are about, newest first, a page at a time. */
export function addSearchCommand(audit: Command, { add, action, terminal }: CommandTools): void {
  addFilterOptions(add(audit, "search", "find entries of a server's log (auditors; each search is an entry)"))
    .option(
      "--text <words>",
      "all these words, in what entries say and are about; with --session also in its recordings",
    )
    .option("--limit <number>", "entries of a page", "50")
    .option("--before <place>", "go on where the page before ended")
    .option("--as <email>", "a person of the development identity provider")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const parsed = options.safeParse(command.opts());
        if (!parsed.success)
          throw new GatehouseError("usage_invalid", "--limit takes a number from 1 to 500.");
        const { as: person, before, limit, text, ...asked } = parsed.data;
        const query = filterQuery(asked, settings);
        if (text !== undefined) query.set("text", text);
        if (before !== undefined) query.set("before", placeOf(before));
        const auditor = await signInAsAuditor(person, settings);
        const page = await searchPage(auditor, query, { limit, terminal });
        terminal.out(settings.isJson ? printableJson(page) : pageText(page, terminal));
      }),
    );
}

const examples = `
Examples:
  gatehouse audit search --from 2h --decision policy_denied
  gatehouse audit search --principal developer@example.com --class destructive --json
  gatehouse audit search --session ses_0199c2… --text "bucket denied"
  gatehouse audit search --kind audit.read --from 2026-11-24T00:00:00Z`;

function placeOf(before: string): string {
  if (auditEntryQuery.shape.before.safeParse(before).success) return before;
  throw new GatehouseError(
    "usage_invalid",
    `--before: ${before} is no place in a listing. A page that goes on ends with one: More: --before PLACE.`,
  );
}

type Page = z.infer<typeof auditEntryList>;

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

function pageText({ entries, next }: Page, { screenColumns }: Terminal): string {
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
  return `${table(header, rows, screenColumns)}${next === undefined ? "" : `\n\nMore: --before ${printable(next)}`}`;
}
