import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { type CommandTools, exitCodes, printable } from "#cli";
import { GatehouseError, messageOf } from "#lib/errors";
import type { TileSource } from "#tlog";
import {
  findLog,
  folderSource,
  isStored,
  type LogPlace,
  type StoredPlace,
  serverSource,
} from "./log-place.ts";
import { withStoredLog } from "./stored.ts";
import { verifierKey } from "./verifier-key.ts";
import { inWords } from "./verify.ts";

const options = z.object({ tiles: z.string(), key: z.string().optional(), as: z.string().optional() });

/**
 * `gatehouse audit export --tiles DIR`: the log as C2SP tiles, for tools that we did not write. Entries only: what they
 * commit to stays where it is. The copy is verified before the command says that it is there.
 */
export function addExportCommand(audit: Command, { add, action, terminal }: CommandTools): void {
  add(
    audit,
    "export [log]",
    "copy the log of a data folder, a configured database or a server (default) as C2SP tiles",
  )
    .requiredOption("--tiles <folder>", "where to; the folder must be empty or not there yet")
    .option("--key <key>", "the log's verifier key, or a file with it (default: the log's own)")
    .option("--as <email>", "a person of the development identity provider, for a server's log")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const { tiles: folder, key, as: person } = options.parse(command.opts());
        const place = await findLog(command.args[0], settings);
        const given = verifierKey(key, place);
        makeEmptyFolder(folder);
        const copy = (source: TileSource) => copyTo(folder, source);
        const files = await (isStored(place)
          ? copyStored(place, copy)
          : copy(await published(place, person, settings)));
        writeFileSync(join(folder, "log.vkey"), `${given.text}\n`);
        const { verifyTiles } = await import("#tlog");
        const verification = await verifyTiles(folderSource(folder), {
          verifier: given.verifier,
          pinned: [],
        });
        const words = `${files} files in ${folder}\n${inWords(verification, { kind: "tiles", folder }, given)}`;
        terminal.out(
          settings.isJson
            ? JSON.stringify({ folder, files, source: place.kind, verification })
            : printable(words),
        );
        return verification.kind === "verified" ? exitCodes.ok : exitCodes.notVerified;
      }),
    );
}

const examples = `
Examples:
  gatehouse audit export data --tiles exported
  gatehouse audit export gatehouse.yaml --tiles exported      # of the PostgreSQL database that it names
  gatehouse audit export --tiles exported --url https://gatehouse.example.com

Through a server it takes an auditor's fresh sign-in, and is on record there.
Exit status: 0 exported and verified; 7 exported, but the log is not what was signed.`;

function published(
  place: Exclude<LogPlace, StoredPlace>,
  person: string | undefined,
  settings: Parameters<typeof serverSource>[2],
): Promise<TileSource> | TileSource {
  return place.kind === "tiles" ? folderSource(place.folder) : serverSource(place.server, person, settings);
}

function copyStored(place: StoredPlace, copy: (source: TileSource) => Promise<number>): Promise<number> {
  return withStoredLog(place, async (store) => {
    const { openPublishedLog } = await import("#audit");
    return copy(openPublishedLog(store));
  });
}

async function copyTo(folder: string, source: TileSource): Promise<number> {
  const { exportTiles } = await import("#audit");
  const { files } = await exportTiles(source, async (path, bytes) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  });
  return files;
}

/** Two logs in one folder would be neither. */
function makeEmptyFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new GatehouseError("export_folder_unusable", `Cannot make ${folder}: ${messageOf(error)}`);
  }
  if (readdirSync(folder).length === 0) return;
  throw new GatehouseError("export_folder_unusable", `${folder} is not empty. Name another folder.`);
}
