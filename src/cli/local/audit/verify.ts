import type { Command } from "commander";
import { z } from "zod";
import type { LogVerification } from "#audit";
import { type CommandTools, exitCodes, printable } from "#cli";
import { assert, GatehouseError } from "#lib/errors";
import type { TileSource, TilesVerification } from "#tlog";
import type { Settings } from "../../settings.ts";
import { isBundle } from "./bundle-files.ts";
import { findLog, isStored, type LogPlace, tileSource } from "./log-place.ts";
import { pinnedOf } from "./pins.ts";
import { storedKeys, withStoredLog } from "./stored.ts";
import { readText } from "./text-file.ts";
import { type GivenKey, parseGivenKey, verifierKey } from "./verifier-key.ts";
import { sayProof, verifyProof } from "./verify-proof.ts";
import { inWords } from "./verify-words.ts";
import {
  type DemandedWitnesses,
  demandedWitnesses,
  findWitnesses,
  patientSource,
  type WitnessedBy,
} from "./witnessed.ts";

const options = z.object({
  key: z.string().optional(),
  pinned: z.string().optional(),
  pin: z.boolean().optional(),
  against: z.string().optional(),
  proof: z.string().optional(),
  witness: z.array(z.string()),
  witnessedWithin: z.string().optional(),
  as: z.string().optional(),
});

/**
 * `gatehouse audit verify`: recomputes the whole log, from a data folder, from exported tiles, from a bucket, or from a
 * server's. The verifier key should come from elsewhere (`--key`); the log's own proves only that the log agrees with itself.
 */
export function addVerifyCommand(audit: Command, { add, action, terminal }: CommandTools): void {
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
    .option("--pin", "the same with what your own runs have seen (gatehouse audit pins)")
    .option(
      "--against <log>",
      "the same with the newest checkpoint of a copy: a bucket or an exported folder",
    )
    .option(
      "--witness <key>",
      "verifier key of a witness that must have cosigned it; may be repeated",
      collect,
      [],
    )
    .option("--witnessed-within <time>", "and must have done so lately: 90s, 30m, 2h")
    .option("--proof <file>", "verify one proof instead of a log; with --key no server is asked")
    .option("--as <email>", "a person of the development identity provider, for a server's log")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const { proof, ...given } = options.parse(command.opts());
        if (proof !== undefined) return sayProof(await verifyProof(proof, given.key, settings), settings);
        const [named] = command.args;
        if (named !== undefined && isBundle(named)) return sayBundle(named, given, settings);
        const place = await findLog(named, settings);
        const key = verifierKey(given.key, place);
        const witnesses = demandedWitnesses(given.witness, given.witnessedWithin);
        const pinned = [
          ...(given.pinned === undefined ? [] : [readText(given.pinned)]),
          ...(given.pin === true ? pinnedOf(key.verifier, key.text, terminal) : []),
          ...(given.against === undefined ? [] : await newestOf(given.against, given.as, settings)),
        ];
        const verified = await verify(place, { key, pinned, witnesses, person: given.as, settings });
        const words = inWords(verified.verification, { place, key, ...verified });
        const { verification, ...beside } = verified;
        const facts = { source: place.kind, ...verification, ...beside };
        terminal.out(settings.isJson ? JSON.stringify(facts) : printable(words));
        return verification.kind === "verified" ? exitCodes.ok : exitCodes.notVerified;
      }),
    );
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

Exit status: 0 verified; 7 not verified; anything else: it could not be checked.`;

/** Says what an evidence bundle proves, and what it does not, and returns the exit status. */
async function sayBundle(folder: string, given: Given, { terminal, isJson }: Settings): Promise<number> {
  const { key, witness, as: _, ...others } = given;
  // Whoever asks for more than a bundle can show must not take "verified" for it.
  if (witness.length > 0 || Object.values(others).some((value) => value !== undefined))
    throw new GatehouseError("usage_invalid", "A bundle is verified with --key and nothing else.");
  const { bundleWords, verifyBundle } = await import("./verify-bundle.ts");
  const outside = key === undefined ? undefined : parseGivenKey(key);
  const verification = verifyBundle(folder, outside?.verifier);
  const words = bundleWords(verification, folder, outside !== undefined);
  terminal.out(isJson ? JSON.stringify({ source: "bundle", ...verification }) : printable(words));
  return verification.kind === "verified" ? exitCodes.ok : exitCodes.notVerified;
}

type Given = Omit<z.infer<typeof options>, "proof">;

interface How {
  readonly key: GivenKey;
  readonly pinned: readonly string[];
  readonly witnesses: DemandedWitnesses;
  readonly person: string | undefined;
  readonly settings: Settings;
}

interface Verified {
  readonly verification: LogVerification | TilesVerification;
  readonly witnessed: readonly WitnessedBy[];
  readonly overwritten?: readonly string[];
}

async function verify(place: LogPlace, how: How): Promise<Verified> {
  const { settings, pinned } = how;
  if (isStored(place)) {
    const { verifyLog } = await import("#audit");
    return withStoredLog(place, async ({ store, published }) => {
      const note = await patientSource(published, how.witnesses, settings.terminal).checkpoint();
      const options = { verifierKey: how.key.text, keys: await storedKeys(place.folder, store) };
      const verifications: LogVerification[] = [];
      // One after the other: the log must have grown from each, and a longer one must not hide a forged one.
      for (const kept of pinned.length === 0 ? [{}] : pinned.map((note) => ({ pinned: note })))
        verifications.push(await verifyLog(store, { ...options, ...kept }));
      const broken = verifications.find(({ kind }) => kind === "broken");
      const verification = broken ?? verifications.at(-1);
      assert(verification !== undefined, "a log is verified at least once");
      return withWitnesses(verification, note, how);
    });
  }
  const { verifyTiles } = await import("#tlog");
  const given = await tileSource(place, how.person, settings);
  const source = remembering(patientSource(given, how.witnesses, settings.terminal));
  const verification = await verifyTiles(source, {
    verifier: how.key.verifier,
    pinned: [...pinned, ...((await given.older?.()) ?? [])],
  });
  const { overwritten = [] } = given;
  return { ...withWitnesses(verification, source.note(), how), overwritten };
}

/** The newest checkpoint of a copy of the log. */
async function newestOf(
  named: string,
  person: string | undefined,
  settings: Settings,
): Promise<readonly string[]> {
  const place = await findLog(named, settings);
  if (isStored(place))
    throw new GatehouseError("usage_invalid", "--against takes a copy, not a data folder.");
  const note = await (await tileSource(place, person, settings)).checkpoint();
  return note === undefined ? [] : [note];
}

/** The very checkpoint that was verified is the one that must be cosigned. */
function remembering(source: TileSource): TileSource & { note(): string | undefined } {
  let note: string | undefined;
  return {
    read: (path) => source.read(path),
    checkpoint: async () => {
      note = await source.checkpoint();
      return note;
    },
    note: () => note,
  };
}

function withWitnesses(
  verification: Verified["verification"],
  note: string | undefined,
  { witnesses, settings }: How,
): Verified {
  if (verification.kind === "broken" || witnesses.cosigners.length === 0) {
    return { verification, witnessed: [] };
  }
  const finding = findWitnesses(note ?? "", witnesses, settings.terminal);
  if (finding.kind === "witnessed") return { verification, witnessed: finding.by };
  return { verification: { kind: "broken", index: undefined, problem: finding.problem }, witnessed: [] };
}
