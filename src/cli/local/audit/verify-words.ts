import type { Erasure, LogVerification } from "#audit";
import type { TilesVerification } from "#tlog";
import { erasureText } from "../../erasure-text.ts";
import type { LogPlace } from "./log-place.ts";
import type { GivenKey } from "./verifier-key.ts";
import type { WitnessedBy } from "./witnessed.ts";

export interface VerifiedWhere {
  readonly place: LogPlace;
  readonly key: Pick<GivenKey, "isFromOutside">;
  readonly witnessed: readonly WitnessedBy[];
  readonly overwritten?: readonly string[];
}

/** What was proven, or the first place that is wrong, for people. */
export function inWords(
  verification: LogVerification | TilesVerification,
  { place, key, witnessed, overwritten = [] }: VerifiedWhere,
): string {
  if (verification.kind === "broken") {
    const at = verification.index === undefined ? "" : ` at entry ${verification.index}`;
    return `NOT VERIFIED${at}: ${verification.problem}`;
  }
  const lines = "tiles" in verification ? tileLines(verification) : storedLines(verification);
  return [
    `Verified: ${verification.origin} (${place.kind})`,
    ...lines,
    ...witnessed.map(({ name, at }) => `  witnessed    by ${name}, last at ${at}`),
    ...overwrittenLines(overwritten),
    ...keyLines(place, key.isFromOutside),
  ].join("\n");
}

type Verified<Verification> = Extract<Verification, { readonly kind: "verified" }>;

function storedLines(verified: Verified<LogVerification>): readonly string[] {
  const { entries, signedEntries, root, checkpoints, attachments, erasedAttachments } = verified;
  const { unopenedAttachments, unopenedBecause, unexplainedAttachments, erasures } = verified;
  return [
    `  entries      ${entries} without a gap, of which ${signedEntries} under a signed checkpoint`,
    `  root         ${root}`,
    `  checkpoints  ${checkpoints}, each the signed root of a prefix of these entries`,
    `  attachments  ${attachments} as committed, ${erasedAttachments} erased`,
    ...(verified.containsPinned ? [pinnedLine] : []),
    ...erasures.map(erasureLine),
    ...(unopenedAttachments > 0
      ? [
          `  not opened   ${unopenedAttachments} attachments are the bytes that were committed to, and could not be opened: ${unopenedBecause ?? ""}`,
        ]
      : []),
    ...(unexplainedAttachments > 0
      ? [
          `Of the erased, ${unexplainedAttachments} are from before erasures were on record: ask who did it. The entries themselves are as they were.`,
        ]
      : []),
  ];
}

/** Which session, when, by whom and why, or that nobody here can read that. */
function erasureLine({ sessionId, index, ...erasure }: Erasure): string {
  return `  erased       ${sessionId}, ${erasureText(erasure)} (entry ${index})`;
}

const pinnedLine = "  pinned       contained: the log has only grown since then";

function tileLines(verified: Verified<TilesVerification>): readonly string[] {
  const { entries, root, checkpoints, tiles } = verified;
  return [
    `  entries      ${entries} without a gap, all under the signed checkpoint`,
    `  root         ${root}`,
    `  files        ${tiles} tiles and bundles, each what the entries make it`,
    ...(checkpoints > 1 ? [pinnedLine] : []),
  ];
}

function overwrittenLines(paths: readonly string[]): readonly string[] {
  const [first] = paths;
  if (first === undefined) return [];
  return [
    `  written over ${paths.length} objects since they were archived, ${first} among them: what was there first is what was verified, but ask who did`,
  ];
}

function keyLines(place: LogPlace, isFromOutside: boolean): readonly string[] {
  if (isFromOutside) return [];
  const whence = place.kind === "server" ? "server" : "folder";
  return [
    `The verifier key came from the ${whence} itself; pass --key with one you kept to trust more than the ${whence}.`,
  ];
}
