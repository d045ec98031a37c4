import type { AttachmentCount, Erasure, LogVerification } from "#audit";
import { printableLine } from "#lib/printable";
import { erasureText } from "../../erasure-text.ts";
import type { LogPlace } from "./log-place.ts";
import type { Found, RulesFindings, TilesFound, Verdict } from "./verdict.ts";
import type { GivenKey } from "./verifier-key.ts";
import type { WitnessedBy } from "./witnessed.ts";

export interface VerifiedWhere {
  readonly place: Pick<LogPlace, "kind">;
  readonly key: Pick<GivenKey, "isFromOutside">;
  readonly verdict: Verdict;
  readonly witnessed: readonly WitnessedBy[];
  readonly overwritten?: readonly string[];
  readonly junk?: readonly string[];
}

/**
 * What was proven and what not, or the first place that is wrong, for people. Whatever an entry, a file or a server says stays
 * within its line: it could draw a verdict of its own.
 */
export function inWords(
  found: Found,
  { place, key, verdict, witnessed, overwritten = [], junk = [] }: VerifiedWhere,
): string {
  if (found.kind === "broken") {
    const at = found.index === undefined ? "" : ` at entry ${found.index}`;
    return printableLine(`NOT VERIFIED${at}: ${found.problem}`);
  }
  const lines = "tiles" in found ? tileLines(found) : storedLines(found);
  return [
    `${headlines[verdict]}: ${found.origin} (${place.kind})`,
    ...lines,
    ...ruleLines(found),
    ...witnessed.map(({ name, at }) => `  witnessed    by ${name}, last at ${at}`),
    ...overwrittenLines(overwritten),
    ...junkLines(junk),
    ...keyLines(place, key.isFromOutside),
  ]
    .map(printableLine)
    .join("\n");
}

const headlines: Readonly<Record<Verdict, string>> = {
  verified: "Verified",
  broken: "NOT VERIFIED",
  against_rules: "AGAINST THE RULES: the log is what was signed, and tells of a breach",
  not_opened: "NOT ALL OPENED: the log is what was signed, and not all that it commits to could be opened",
};

type Verified<Verification> = Extract<Verification, { readonly kind: "verified" }>;

function storedLines(verified: Verified<LogVerification>): readonly string[] {
  const { entries, signedEntries, root, checkpoints, details, recordings, digests } = verified;
  const { unopenedAttachments, unopenedBecause, erasures } = verified;
  return [
    `  entries      ${entries} without a gap, of which ${signedEntries} under a signed checkpoint`,
    `  root         ${root}`,
    `  checkpoints  ${checkpoints}, each the signed root of a prefix of these entries`,
    `  details      ${counted(details)}`,
    `  recordings   ${counted(recordings)}`,
    `  digests      ${counted(digests)}`,
    ...(verified.containsPinned ? [pinnedLine] : []),
    ...erasures.map(erasureLine),
    ...(unopenedAttachments > 0
      ? [
          `  not opened   ${unopenedAttachments}, whose bytes are those that were committed to; what is in them nobody here can say: ${unopenedBecause ?? ""}`,
        ]
      : []),
    "  not covered  names that are kept for searching: `audit search` trusts the database, `audit prove` proves what it finds",
  ];
}

function counted({ asCommitted, erased, notOpened }: AttachmentCount): string {
  return `${asCommitted} as committed, ${erased} erased, ${notOpened} not opened`;
}

/** Which session, when, by whom and why, or that nobody here can read that. */
function erasureLine({ sessionId, index, ...erasure }: Erasure): string {
  return `  erased       ${sessionId}, ${erasureText(erasure)} (entry ${index})`;
}

const pinnedLine = "  pinned       contained: the log has only grown since then";

function tileLines(verified: Verified<TilesFound>): readonly string[] {
  const { entries, root, checkpoints, tiles, unreadEntries } = verified;
  return [
    `  entries      ${entries} without a gap, all under the signed checkpoint`,
    `  root         ${root}`,
    `  files        ${tiles} tiles and bundles, each what the entries make it`,
    ...(checkpoints > 1 ? [pinnedLine] : []),
    ...(unreadEntries > 0
      ? [`  not read     ${unreadEntries} entries are as signed, in no form that this version knows`]
      : []),
    "  not covered  details and recordings: they are not here, only what entries say themselves",
  ];
}

/** A page of a terminal; --json has all. */
const toldMax = 20;

function ruleLines({ breaches, undecided }: RulesFindings): readonly string[] {
  return [
    ...told(
      "breach",
      breaches.map(({ problem }) => problem),
    ),
    ...told(
      "undecided",
      undecided.map(({ problem }) => problem),
    ),
  ];
}

function told(what: string, problems: readonly string[]): readonly string[] {
  const lines = problems.slice(0, toldMax).map((problem) => `  ${what.padEnd(11)}  ${problem}`);
  const left = problems.length - lines.length;
  return left === 0 ? lines : [...lines, `  ${what.padEnd(11)}  and ${left} more: --json has all`];
}

function overwrittenLines(paths: readonly string[]): readonly string[] {
  const [first] = paths;
  if (first === undefined) return [];
  return [
    `  written over ${paths.length} objects since they were archived, ${first} among them: what was there first is what was verified, but ask who did`,
  ];
}

function junkLines(paths: readonly string[]): readonly string[] {
  const [first] = paths;
  if (first === undefined) return [];
  return [
    `  junk         ${paths.length} objects that the log never wrote, ${first} among them: they say nothing of the log, but ask who put them there`,
  ];
}

function keyLines(place: Pick<LogPlace, "kind">, isFromOutside: boolean): readonly string[] {
  if (isFromOutside) return [];
  const whence = place.kind === "server" ? "server" : "folder";
  return [
    `The verifier key came from the ${whence} itself; pass --key with one you kept to trust more than the ${whence}.`,
  ];
}
