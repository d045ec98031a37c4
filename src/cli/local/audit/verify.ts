import type { Command } from "commander";
import { z } from "zod";
import { type CommandTools, exitCodes, printable } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { Settings } from "../../settings.ts";
import { isBundle } from "./bundle-files.ts";
import { findLog, isStored } from "./log-place.ts";
import { pinnedOf } from "./pins.ts";
import { readText } from "./text-file.ts";
import { demandedOpening, exitCodeOfVerdict, verdictOf } from "./verdict.ts";
import { parseGivenKey, verifierKey } from "./verifier-key.ts";
import { newestOf, verifyPlace } from "./verify-place.ts";
import { sayProof, verifyProof } from "./verify-proof.ts";
import { inWords } from "./verify-words.ts";
import { demandedWitnesses } from "./witnessed.ts";

const options = z.object({
  key: z.string().optional(),
  pinned: z.string().optional(),
  pin: z.boolean().optional(),
  against: z.string().optional(),
  proof: z.string().optional(),
  witness: z.array(z.string()),
  witnessedWithin: z.string().optional(),
  allOpened: z.boolean().optional(),
  allowUnopened: z.boolean().optional(),
  as: z.string().optional(),
});
type Given = z.infer<typeof options>;

/**
 * `gatehouse audit verify`: recomputes the whole log, from a data folder, from exported tiles, from a bucket, or from a
 * server's. The verifier key should come from elsewhere (`--key`); the log's own proves only that the log agrees with itself.
 */
export function addVerifyCommand(audit: Command, { add, action }: CommandTools): void {
  add(
    audit,
    "verify [log]",
    "verify a log: of a data folder, a configured database, an exported folder, a bundle, a bucket, or a server (default)",
  )
    .option(
      "--key <key>",
      "the log's verifier key, or a file with it, kept outside the log (default: the log's own)",
    )
    .option("--pinned <file>", "a checkpoint kept earlier; finds a log that was cut short or rewritten since")
    .option("--pin", "the log must contain what your own runs have seen of it (gatehouse audit pins)")
    .option(
      "--against <log>",
      "a copy, a bucket or an exported folder, whose newest checkpoint the log must contain",
    )
    .option(
      "--witness <key>",
      "verifier key of a witness that must have cosigned it; may be repeated",
      collect,
      [],
    )
    .option("--witnessed-within <time>", "each --witness must have cosigned within this time: 90s, 30m, 2h")
    .option(
      "--all-opened",
      "whatever cannot be opened, and was not erased on record, is a failure (default: where the folder has keys)",
    )
    .option("--allow-unopened", "what cannot be opened is counted and said, and no failure")
    .option("--proof <file>", "verify one proof instead of a log; with --key no server is asked")
    .option("--as <email>", "a person of the development identity provider, for a server's log")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const given = options.parse(command.opts());
        const [named] = command.args;
        if (given.proof !== undefined) {
          refuseBesideKey(given, "a proof");
          return sayProof(await verifyProof(given.proof, given.key, settings), settings);
        }
        if (named === undefined || !isBundle(named)) return verify(named, given, settings);
        refuseBesideKey(given, "an evidence bundle");
        return sayBundle(named, given.key, settings);
      }),
    );
}

/** Verifies the log that was named, says what was found, and returns the exit status. */
async function verify(named: string | undefined, given: Given, settings: Settings): Promise<number> {
  const { terminal } = settings;
  const demanded = demandedOpening(given);
  const witnesses = demandedWitnesses(given.witness, given.witnessedWithin);
  await using opened = new AsyncDisposableStack();
  const place = await findLog(named, settings, opened);
  if (demanded !== "as_far_as_keys" && !isStored(place))
    throw new GatehouseError(
      "usage_invalid",
      "--all-opened and --allow-unopened are for a data folder or a database: elsewhere there is nothing to open.",
    );
  const key = verifierKey(given.key, place);
  const pinned = [
    ...(given.pinned === undefined ? [] : [readText(given.pinned)]),
    ...(given.pin === true ? pinnedOf(key.verifier, key.text, terminal) : []),
    ...(given.against === undefined ? [] : [await newestOf(given.against, key, given.as, settings)]),
  ];
  const how = { key, pinned, witnesses, person: given.as, settings };
  const { found, ...beside } = await verifyPlace(place, how);
  const verdict = verdictOf(found, demanded);
  const facts = { source: place.kind, ...found, ...beside, kind: verdict };
  const words = inWords(found, { place, key, verdict, ...beside });
  terminal.out(settings.isJson ? printableJson(facts) : printable(words));
  return exitCodeOfVerdict(verdict);
}

/** What is asked for and cannot be done must not pass for done. */
function refuseBesideKey(given: Given, what: string): void {
  const { pinned, pin, against, witness, witnessedWithin, allOpened, allowUnopened } = given;
  const others = [pinned, pin, against, witness[0], witnessedWithin, allOpened, allowUnopened];
  if (others.some((other) => other !== undefined))
    throw new GatehouseError("usage_invalid", `Of these options ${what} takes --key alone.`);
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

const examples = `
Examples:
  gatehouse audit verify data
  gatehouse audit verify gatehouse.yaml      # the PostgreSQL database that it names
  gatehouse audit verify exported --key log.vkey --pinned last-week.checkpoint --json
  gatehouse audit verify exported --key log.vkey --witness witness.vkey --witnessed-within 1h
  gatehouse audit verify evidence --key log.vkey        (an evidence bundle, offline)
  gatehouse audit verify data --against s3://audit-copy/gatehouse
  gatehouse audit verify s3://audit-copy/gatehouse --key log.vkey
  gatehouse audit verify --proof entry-42.tlog-proof --key log.vkey
  gatehouse audit verify https://gatehouse.example.com

Of a bundle, everything that an entry says is recomputed from the entry; names, details and recordings that nothing signed
covers are listed as "not covered by the log" (--json: notCovered).

Exit status, and "kind" in --json:
  0   verified
  7   broken: it is not what was signed, or not what was demanded
  9   not_opened: it is what was signed, and something that it commits to could not be opened: see --all-opened
  10  against_rules: it is what was signed, and tells of an erasure or a release that is against the rules
  Anything else: it could not be checked.`;

/** Says what an evidence bundle proves, and returns the exit status. */
async function sayBundle(
  folder: string,
  key: string | undefined,
  { terminal, isJson }: Settings,
): Promise<number> {
  const given = key === undefined ? undefined : parseGivenKey(key);
  const { bundleWords, verifyBundle } = await import("./verify-bundle.ts");
  const verification = verifyBundle(folder, given?.verifier);
  const words = bundleWords(verification, folder, given !== undefined);
  terminal.out(isJson ? printableJson({ source: "bundle", ...verification }) : printable(words));
  return verification.kind === "verified" ? exitCodes.ok : exitCodes.notVerified;
}
