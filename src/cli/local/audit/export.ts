import type { Command } from "commander";
import { z } from "zod";
import { type CommandTools, exitCodes, printable, type Settings } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { sessionId } from "../../commands/session-id.ts";
import { type Auditor, signInAsAuditor } from "./auditor.ts";
import { addFilterOptions, filterOptions, filterQuery } from "./entry-filter.ts";
import { exportBundle } from "./export-bundle.ts";
import { exportEntries } from "./export-entries.ts";
import { exportHar } from "./export-har.ts";
import type { ExportAsked } from "./export-pages.ts";
import { exportTilesTo } from "./export-tiles.ts";
import { withOutput } from "./output-file.ts";

const text = z.string().optional();
const options = filterOptions.extend({
  tiles: text,
  key: text,
  format: z.enum(["ocsf", "csv", "har"]).optional(),
  bundle: text,
  detail: z.boolean().default(false),
  output: text,
  as: text,
});
type Options = z.infer<typeof options>;

/**
 * `gatehouse audit export`: what auditors take away. Tiles are the whole log for foreign verifiers; the other forms are
 * entries of a server's log in others' words, with the filters of `audit search`.
 */
export function addExportCommand(audit: Command, { add, action }: CommandTools): void {
  const command = add(
    audit,
    "export [log]",
    "take entries away as OCSF, CSV, HAR or an evidence bundle (auditors), or the log as C2SP tiles",
  )
    .option("--format <format>", "ocsf (JSON lines), csv, or har (needs --session)")
    .option("--bundle <folder>", "an evidence bundle: entries, their proofs, recordings, how to verify them")
    .option("--tiles <folder>", "the whole log as C2SP tiles, of a data folder or a server (default)")
    .option("--output <file>", "write --format to a new file instead of printing it")
    .option("--detail", "ocsf: with the details of each entry in clear")
    .option("--key <key>", "the log's verifier key, or a file with it (default: the log's own)");
  addFilterOptions(command)
    .option("--as <email>", "a person of the development identity provider, for a server's log")
    .addHelpText("after", examples)
    .action(
      action(async (settings, given) => {
        const asked = parseOptions(given.opts());
        const [log] = given.args;
        if (asked.tiles !== undefined) {
          const { tiles: folder, key, as: person } = asked;
          return exportTilesTo({ log, folder, key, person }, settings);
        }
        if (log !== undefined)
          throw usage("Only --tiles reads a log by its place; the other forms ask a server (--url).");
        return exportFromServer(asked, settings);
      }),
    );
}

const examples = `
Examples:
  gatehouse audit export --format ocsf --from 24h --output yesterday.jsonl
  gatehouse audit export --format csv --principal developer@example.com --output calls.csv
  gatehouse audit export --format har --session ses_0199c2… --output session.har
  gatehouse audit export --bundle evidence --session ses_0199c2…
  gatehouse audit verify evidence --key log.vkey
  gatehouse audit export data --tiles exported

Through a server it takes an auditor's fresh sign-in, and is on record there as audit.export.
Exit status: 0 exported (tiles and bundles: and verified); 7 exported, but not what was signed.`;

function parseOptions(given: unknown): Options {
  const parsed = options.safeParse(given);
  if (!parsed.success) throw usage("--format is ocsf, csv or har.");
  const { tiles, format, bundle } = parsed.data;
  const forms = [tiles, format, bundle].filter((form) => form !== undefined);
  if (forms.length !== 1) throw usage("Say one of --format, --bundle and --tiles.");
  if (format === "har" && parsed.data.session === undefined) throw usage("--format har needs --session ID.");
  if (format === "har") sessionId(parsed.data.session);
  if (parsed.data.detail && format !== "ocsf") throw usage("--detail goes with --format ocsf.");
  return parsed.data;
}

async function exportFromServer(asked: Options, settings: Settings): Promise<number> {
  const { tiles: _, key, format, bundle, detail, output, as: person, ...filters } = asked;
  const query = filterQuery(filters, settings);
  const auditor = await signInAsAuditor(person, settings);
  if (bundle !== undefined) {
    return exportBundle({ auditor, query, folder: bundle, key }, settings);
  }
  if (format === undefined) throw usage("Say one of --format, --bundle and --tiles.");
  const count = await exportTo(auditor, { query, format, withDetail: detail }, { output, settings });
  if (output !== undefined) {
    const things = format === "har" ? ["exchange", "exchanges"] : ["entry", "entries"];
    const words = `${count} ${things[count === 1 ? 0 : 1]} in ${output}`;
    const { isJson, terminal } = settings;
    terminal.out(isJson ? printableJson({ output, format, count }) : printable(words));
  }
  return exitCodes.ok;
}

function exportTo(
  auditor: Auditor,
  asked: ExportAsked,
  where: { readonly output: string | undefined; readonly settings: Settings },
): Promise<number> {
  const act = asked.format === "har" ? exportHar : exportEntries;
  return withOutput(where.output, where.settings.terminal, (output) => act(auditor, asked, output));
}

function usage(message: string): GatehouseError {
  return new GatehouseError("usage_invalid", message);
}
