import { type Command, Option } from "commander";
import { z } from "zod";
import { type CommandTools, facts, table } from "#cli";
import { riskClasses } from "#lib/entry-words";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { type Description, describeOperation } from "./description.ts";
import { type Reading, readLine } from "./reading.ts";
import { searchOperations } from "./search.ts";

/** `gatehouse catalogue`: what Gatehouse knows of Google's methods, and what it would make of a call. */
export function addCatalogueCommand(program: Command, tools: CommandTools): void {
  const catalogue = tools.add(program, "catalogue", "look up Google's methods as Gatehouse knows them");
  addMatch(catalogue, tools);
  addSearch(catalogue, tools);
  addShow(catalogue, tools);
}

const matchOptions = z.object({ universeDomain: z.string().toLowerCase().optional() });

const matchHelp = `
A call is 'METHOD https://host/path' or 'GRPC host /package.Service/Method', optionally with headers
'Name: value', each behind a tab. With - calls are read from standard input, one a line, and each is
answered by a line of JSON: input, operation, class, resource, project, flags, reason, refused.
gRPC calls are understood here; the gateway itself does not carry gRPC yet.

Exit status: 0, or 1 when the one call given would be refused as unknown.

Examples:
  gatehouse catalogue match 'DELETE https://storage.googleapis.com/storage/v1/b/bucket'
  gatehouse catalogue match 'GRPC pubsub.googleapis.com /google.pubsub.v1.Publisher/Publish' --json
  gatehouse catalogue match - < calls.txt`;

function addMatch(catalogue: Command, { add, action, terminal }: CommandTools): void {
  add(catalogue, "match <call>", "what Gatehouse makes of a call, and why; - reads many, one a line")
    .addOption(new Option("--universe-domain <domain>", "also take <api>.<domain> for <api>.googleapis.com"))
    .addHelpText("after", matchHelp)
    .action(
      action(async ({ isJson }, command) => {
        const { loadCatalogue } = await import("#catalogue");
        const { universeDomain } = matchOptions.parse(command.opts());
        const known = loadCatalogue({
          universeDomains: universeDomain === undefined ? [] : [universeDomain],
        });
        const text = command.processedArgs.map(String)[0] ?? "";
        if (text === "-") {
          for await (const line of terminal.lines())
            if (line.trim() !== "") terminal.out(printableJson(readLine(line, known)));
          return 0;
        }
        const reading = readLine(text, known);
        if (reading.refused === "usage_invalid") throw new GatehouseError("usage_invalid", reading.reason);
        terminal.out(isJson ? printableJson(reading) : inWords(reading));
        return reading.operation === null ? 1 : 0;
      }),
    );
}

function inWords(reading: Reading): string {
  const { input, flags, ...rest } = reading;
  const entries = Object.entries({ ...rest, flags: flags.length === 0 ? null : flags.join(", ") });
  return facts(entries.map(([name, value]) => [name, value === null || value === "" ? undefined : value]));
}

function addSearch(catalogue: Command, { add, action, terminal }: CommandTools): void {
  add(catalogue, "search <text>", "operations whose id or alias contains a text")
    .addOption(new Option("--class <class>", "only those of a class").choices(riskClasses))
    .addOption(new Option("--flag <flag>", "only those with a flag"))
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse catalogue search secrets.versions\n" +
        "  gatehouse catalogue search compute.instances --class destructive\n" +
        "  gatehouse catalogue search bigquery --flag exfil --json",
    )
    .action(
      action(async ({ isJson }, command) => {
        const { loadCatalogue } = await import("#catalogue");
        const text = command.processedArgs.map(String)[0] ?? "";
        const found = searchOperations(loadCatalogue(), { ...command.opts(), text });
        const rows = found.map((row) => [
          row.id,
          row.versions.join(" "),
          row.class,
          row.flags.join(" "),
          row.aliases.join(" "),
        ]);
        if (isJson) terminal.out(printableJson(found));
        else if (found.length > 0)
          terminal.out(table(["OPERATION", "VERSIONS", "CLASS", "FLAGS", "ALIASES"], rows));
        else
          terminal.err(
            `Nothing that contains ${printableJson(text)} has what was asked for. Ids look like storage.objects.get; leave --class or --flag out for more.`,
          );
        return found.length > 0 ? 0 : 1;
      }),
    );
}

function addShow(catalogue: Command, { add, action, terminal }: CommandTools): void {
  add(catalogue, "show <method>", "routes, class and why, secret fields and permission of a method")
    .addHelpText(
      "after",
      "\nTakes an id, an alias, or the name of a gRPC method.\n\nExamples:\n" +
        "  gatehouse catalogue show secretmanager.projects.secrets.versions.access\n" +
        "  gatehouse catalogue show run.deploy",
    )
    .action(
      action(async ({ isJson }, command) => {
        const { loadCatalogue } = await import("#catalogue");
        const name = command.processedArgs.map(String)[0] ?? "";
        const found = describeOperation(loadCatalogue(), name);
        if (found.length === 0) {
          throw new GatehouseError(
            "operation_unknown",
            `No method is called ${printableJson(name)}. Look for it with 'gatehouse catalogue search TEXT'.`,
          );
        }
        if (isJson) terminal.out(printableJson(found));
        else terminal.out(found.map(describeInWords).join("\n\n"));
      }),
    );
}

/** Single values first; then each list under its name, a line an element. */
function describeInWords(description: Description): string {
  const single: [string, string][] = [];
  const lists: string[] = [];
  for (const [key, value] of Object.entries(description)) {
    if (typeof value === "string") {
      if (value !== "") single.push([key, value]);
    } else if (value.length > 0) lists.push(`${key}:\n${value.map((each) => `  ${each}`).join("\n")}`);
  }
  return [facts(single), ...lists].join("\n");
}
