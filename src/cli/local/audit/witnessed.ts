import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import {
  type Cosignature,
  type Cosigner,
  findCosignatures,
  parseCheckpoint,
  parseCosignerKey,
  type TileSource,
} from "#tlog";
import type { Terminal } from "../../terminal.ts";
import { parseDuration } from "../../text.ts";
import { readText } from "./text-file.ts";

/** Which witnesses somebody demands, and how lately they must have looked. */
export interface DemandedWitnesses {
  readonly cosigners: readonly Cosigner[];
  readonly ageMsMax: number | undefined;
}

/** One that has cosigned the checkpoint that was verified. */
export interface WitnessedBy {
  readonly name: string;
  /** ISO 8601: when it saw this checkpoint as the newest. */
  readonly at: string;
}

export type WitnessFinding =
  | { readonly kind: "witnessed"; readonly by: readonly WitnessedBy[] }
  | { readonly kind: "unwitnessed"; readonly problem: string };

/** `keys` are verifier keys of witnesses, or files that hold one. Throws `verifier_key_invalid`, `usage_invalid`. */
export function demandedWitnesses(keys: readonly string[], within: string | undefined): DemandedWitnesses {
  const cosigners = keys.map((given) => {
    const cosigner = parseCosignerKey((given.includes("+") ? given : readText(given)).trim());
    if (cosigner !== undefined) return cosigner;
    throw new GatehouseError(
      "verifier_key_invalid",
      `${given} is no witness's verifier key, nor a file that holds one.`,
    );
  });
  const ageMsMax = within === undefined ? undefined : parseDuration(within);
  if (within !== undefined && (ageMsMax === undefined || cosigners.length === 0)) {
    throw new GatehouseError(
      "usage_invalid",
      "--witnessed-within takes 90s, 30m or 2h, and goes with --witness.",
    );
  }
  return { cosigners, ageMsMax };
}

/**
 * Every one of them has cosigned this very checkpoint. A smaller one will not do: whoever cuts the log and signs it again
 * has all the older cosignatures to show.
 */
export function findWitnesses(
  note: string,
  { cosigners, ageMsMax }: DemandedWitnesses,
  { clock }: Pick<Terminal, "clock">,
): WitnessFinding {
  const by: WitnessedBy[] = [];
  for (const cosigner of cosigners) {
    // One by one: two witnesses may go by one name, and neither speaks for the other.
    const finding = findCosignatures(note, [cosigner]);
    if (finding.kind === "refused")
      return { kind: "unwitnessed", problem: `The checkpoint: ${finding.why}.` };
    const [found] = finding.cosignatures;
    if (found === undefined) return { kind: "unwitnessed", problem: missing(note, cosigner.name) };
    const problem = untimely(found, ageMsMax, clock.now());
    if (problem !== undefined) return { kind: "unwitnessed", problem };
    by.push({ name: found.name, at: found.at.toISOString() });
  }
  return { kind: "witnessed", by };
}

/** Why this time is none that was asked for; a cosignature from the future would be a recent one for ever. */
function untimely({ name, at }: Cosignature, ageMsMax: number | undefined, now: Date): string | undefined {
  const ageMs = now.getTime() - at.getTime();
  if (ageMsMax === undefined) return undefined;
  if (ageMs > ageMsMax)
    return `${name} last saw this log at ${at.toISOString()}: what was shown may be an old state of it.`;
  return ageMs < -limits.witnessSkewMs
    ? `${name} says that it saw this log at ${at.toISOString()}, which is still to come.`
    : undefined;
}

function missing(note: string, name: string): string {
  const size = parseCheckpoint(note)?.size ?? 0;
  return (
    `${name} has not cosigned the checkpoint of size ${size}. Either it could not yet, ` +
    "or it has seen another log: the log may have been cut or written anew, and signed again."
  );
}

/** A witness answers within a second or so; a busy log signs several checkpoints in that time. */
const attemptsMax = 40;
const pauseMs = 250;

/** The source with a checkpoint that has what is demanded, if one comes within ten seconds; else the last one seen. */
export function patientSource(
  source: TileSource,
  demanded: DemandedWitnesses,
  terminal: Terminal,
): TileSource {
  if (demanded.cosigners.length === 0) return source;
  return {
    read: (path) => source.read(path),
    checkpoint: async () => {
      for (let attempt = 1; ; attempt += 1) {
        const note = await source.checkpoint();
        const isDone = note === undefined || findWitnesses(note, demanded, terminal).kind === "witnessed";
        if (isDone || attempt === attemptsMax) return note;
        await terminal.pause(pauseMs);
      }
    },
  };
}
