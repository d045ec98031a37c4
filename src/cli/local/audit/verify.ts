import type { Command } from "commander";
import { z } from "zod";
import type { LogVerification } from "#audit";
import { type CommandTools, exitCodes, printable } from "#cli";
import type { TilesVerification } from "#tlog";
import type { Settings } from "../../settings.ts";
import { findLog, folderSource, isStored, type LogPlace, serverSource } from "./log-place.ts";
import { withStoredLog } from "./stored.ts";
import { readText } from "./text-file.ts";
import { type GivenKey, verifierKey } from "./verifier-key.ts";
import { sayProof, verifyProof } from "./verify-proof.ts";

const options = z.object({
  key: z.string().optional(),
  pinned: z.string().optional(),
  proof: z.string().optional(),
  as: z.string().optional(),
});

/**
 * `gatehouse audit verify`: recomputes the whole log, from a data folder, from exported tiles, or from a server's.
 * The verifier key should come from elsewhere (`--key`); the log's own proves only that the log agrees with itself.
 */
export function addVerifyCommand(audit: Command, { add, action, terminal }: CommandTools): void {
  add(
    audit,
    "verify [log]",
    "verify a log: of a data folder, a configured database, an exported folder, or a server (default)",
  )
    .option(
      "--key <key>",
      "the log's verifier key, or a file with it, kept outside the log (default: the log's own)",
    )
    .option("--pinned <file>", "a checkpoint kept earlier; finds a log that was cut short or rewritten since")
    .option("--proof <file>", "verify one proof instead of a log; with --key no server is asked")
    .option("--as <email>", "a person of the development identity provider, for a server's log")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const { key, pinned, proof, as: person } = options.parse(command.opts());
        if (proof !== undefined) return sayProof(await verifyProof(proof, key, settings), settings);
        const place = await findLog(command.args[0], settings);
        const given = verifierKey(key, place);
        const verification = await verify(place, { key: given, pinned, person, settings });
        const words = inWords(verification, place, given);
        terminal.out(
          settings.isJson ? JSON.stringify({ source: place.kind, ...verification }) : printable(words),
        );
        return verification.kind === "verified" ? exitCodes.ok : exitCodes.notVerified;
      }),
    );
}

const examples = `
Examples:
  gatehouse audit verify data
  gatehouse audit verify gatehouse.yaml      # the PostgreSQL database that it names
  gatehouse audit verify exported --key log.vkey --pinned last-week.checkpoint --json
  gatehouse audit verify --proof entry-42.tlog-proof --key log.vkey
  gatehouse audit verify https://gatehouse.example.com

Exit status: 0 verified; 7 not verified; anything else: it could not be checked.`;

interface How {
  readonly key: GivenKey;
  readonly pinned: string | undefined;
  readonly person: string | undefined;
  readonly settings: Settings;
}

async function verify(place: LogPlace, how: How): Promise<LogVerification | TilesVerification> {
  const pinned = how.pinned === undefined ? [] : [readText(how.pinned)];
  if (isStored(place)) {
    const { verifyLog } = await import("#audit");
    const [kept] = pinned;
    return withStoredLog(place, (store) =>
      verifyLog(store, { verifierKey: how.key.text, ...(kept === undefined ? {} : { pinned: kept }) }),
    );
  }
  const { verifyTiles } = await import("#tlog");
  const source =
    place.kind === "tiles"
      ? folderSource(place.folder)
      : await serverSource(place.server, how.person, how.settings);
  return verifyTiles(source, { verifier: how.key.verifier, pinned });
}

/** What was proven, or the first place that is wrong, for people. */
export function inWords(
  verification: LogVerification | TilesVerification,
  place: LogPlace,
  { isFromOutside }: Pick<GivenKey, "isFromOutside">,
): string {
  if (verification.kind === "broken") {
    const at = verification.index === undefined ? "" : ` at entry ${verification.index}`;
    return `NOT VERIFIED${at}: ${verification.problem}`;
  }
  const lines = "tiles" in verification ? tileLines(verification) : storedLines(verification);
  return [
    `Verified: ${verification.origin} (${place.kind})`,
    ...lines,
    ...keyLines(place, isFromOutside),
  ].join("\n");
}

type Verified<Verification> = Extract<Verification, { readonly kind: "verified" }>;

function storedLines(verified: Verified<LogVerification>): readonly string[] {
  const { entries, signedEntries, root, checkpoints, attachments, erasedAttachments } = verified;
  return [
    `  entries      ${entries} without a gap, of which ${signedEntries} under a signed checkpoint`,
    `  root         ${root}`,
    `  checkpoints  ${checkpoints}, each the signed root of a prefix of these entries`,
    `  attachments  ${attachments} as committed, ${erasedAttachments} erased`,
    ...(verified.containsPinned ? [pinnedLine] : []),
    ...(erasedAttachments > 0
      ? ["This version of Gatehouse erases nothing: ask who did. The entries themselves are as they were."]
      : []),
  ];
}

const pinnedLine = "  pinned       contained: the log has only grown since then";

function tileLines({ entries, root, checkpoints, tiles }: Verified<TilesVerification>): readonly string[] {
  return [
    `  entries      ${entries} without a gap, all under the signed checkpoint`,
    `  root         ${root}`,
    `  files        ${tiles} tiles and bundles, each what the entries make it`,
    ...(checkpoints > 1 ? [pinnedLine] : []),
  ];
}

function keyLines(place: LogPlace, isFromOutside: boolean): readonly string[] {
  if (isFromOutside) return [];
  const whence = place.kind === "server" ? "server" : place.kind === "database" ? "data folder" : "folder";
  return [
    `The verifier key came from the ${whence} itself; pass --key with one you kept to trust more than the ${whence}.`,
  ];
}
