import type { Command } from "commander";
import { z } from "zod";
import { type AuditEntry, auditEntryList } from "#api";
import { type CommandTools, moment, printable, table } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { type Auditor, signInAsAuditor } from "./auditor.ts";
import { addFilterOptions, filterOptions, filterQuery } from "./entry-filter.ts";

const options = filterOptions.extend({
  before: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(500),
  as: z.string().optional(),
});

/** `gatehouse audit search`: entries by what they say and whom they are about, newest first, a page at a time. */
export function addSearchCommand(audit: Command, { add, action, terminal }: CommandTools): void {
  addFilterOptions(add(audit, "search", "find entries of a server's log (auditors; each search is an entry)"))
    .option("--limit <number>", "entries of a page", "50")
    .option("--before <place>", "go on where the page before ended")
    .option("--as <email>", "a person of the development identity provider")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const parsed = options.safeParse(command.opts());
        if (!parsed.success)
          throw new GatehouseError("usage_invalid", "--limit takes a number from 1 to 500.");
        const { as: person, before, limit, ...asked } = parsed.data;
        const query = filterQuery(asked, settings);
        if (before !== undefined) query.set("before", before);
        const page = await searchPage(await signInAsAuditor(person, settings), query, limit);
        terminal.out(settings.isJson ? printableJson(page) : pageText(page));
      }),
    );
}

const examples = `
Examples:
  gatehouse audit search --from 2h --decision policy_denied
  gatehouse audit search --principal developer@example.com --class destructive --json
  gatehouse audit search --kind audit.read --from 2026-11-24T00:00:00Z`;

type Page = z.infer<typeof auditEntryList>;

/** The server looks at so many entries at once; we ask on until the page is full or the log has been seen. */
async function searchPage(auditor: Auditor, query: URLSearchParams, limit: number): Promise<Page> {
  const entries: AuditEntry[] = [];
  for (;;) {
    query.set("limit", String(limit - entries.length));
    const page = await auditor.ask(`/api/v1/audit/entries?${query.toString()}`, auditEntryList);
    entries.push(...page.entries);
    if (page.next === undefined) return { entries };
    if (entries.length >= limit) return { entries, next: page.next };
    query.set("before", page.next);
  }
}

function pageText({ entries, next }: Page): string {
  if (entries.length === 0) return "No entry fits.";
  const rows = entries.map((entry) => [
    String(entry.index),
    moment(entry.at),
    entry.kind,
    entry.principal ?? "",
    entry.operation ?? "",
    entry.resource ?? "",
    [entry.decision, entry.status].filter((each) => each !== undefined).join(" "),
  ]);
  const header = ["INDEX", "TIME", "KIND", "PRINCIPAL", "OPERATION", "RESOURCE", "RESULT"];
  return `${table(header, rows)}${next === undefined ? "" : `\n\nMore: --before ${printable(next)}`}`;
}
