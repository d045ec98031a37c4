import type { Leaf } from "#audit";
import { printableLine } from "#lib/printable";
import { parseNote, parseVerifierKey, type Verifier, verifyCheckpoint, verifyProofFile } from "#tlog";
import { checkEntryWords } from "./bundle-entry.ts";
import { BundleFault } from "./bundle-fault.ts";
import { isBundlePath, pathsIn, readBundleFile, readBundleJson, sha256, sumsFile } from "./bundle-files.ts";
import { bundleReadme } from "./bundle-readme.ts";
import { checkRecording } from "./bundle-recording.ts";

/** Words of a bundle that follow from nothing signed: the server, or whoever wrote the bundle, vouches for them alone. */
export interface NotCovered {
  /** `entries/*.json`, `recordings/*.json` or `checkpoint`. */
  readonly where: string;
  /** A member, or the name on a signature that was not checked. */
  readonly what: string;
  /** Files that have it. */
  readonly files: number;
}

export type BundleVerification =
  | {
      readonly kind: "verified";
      readonly origin: string;
      readonly entries: number;
      /** Of the checkpoint that all entries are under. */
      readonly size: number;
      readonly recordings: number;
      /** Complete: every other word was recomputed from what is proven. */
      readonly notCovered: readonly NotCovered[];
    }
  /** `file` is the first place that is wrong. */
  | { readonly kind: "broken"; readonly file: string; readonly problem: string };

/**
 * Checks a bundle with nothing but the verifier key, its own where none is given: every file against its digest and nothing besides, the checkpoint's
 * signature, a proof of each entry under that checkpoint, and every word that follows from those. The others are named.
 */
export function verifyBundle(folder: string, outside: Verifier | undefined): BundleVerification {
  try {
    return checkBundle(folder, outside);
  } catch (error) {
    if (error instanceof BundleFault) return { kind: "broken", file: error.file, problem: error.message };
    throw error;
  }
}

function checkBundle(folder: string, outside: Verifier | undefined): BundleVerification {
  const files = checkFiles(folder);
  const verifier = checkKey(folder, outside);
  const note = textOf(folder, "checkpoint");
  const signed = verifyCheckpoint(note, verifier);
  if (signed.kind === "refused") throw new BundleFault("checkpoint", signed.why);
  const indexes = files.flatMap((file) => /^proofs\/(\d+)\./.exec(file)?.[1] ?? []);
  requireProofs(files, new Set(indexes));
  const { origin, size } = signed.checkpoint;
  const entries = indexes.length;
  if (textOf(folder, "README.md") !== bundleReadme({ origin, entries }))
    throw new BundleFault("README.md", "it is not what this version writes for this log and these entries");
  const tally = new Tally();
  for (const name of foreignSigners(note, verifier)) tally.count("checkpoint", [name]);
  const leaves: Leaf[] = [];
  for (const index of indexes) {
    const { leaf, notCovered } = checkEntry(folder, index, { note, verifier });
    tally.count("entries/*.json", notCovered);
    leaves.push(leaf);
  }
  const recordings = checkRecordings(folder, { files, leaves, tally });
  return { kind: "verified", origin, entries, size, recordings, notCovered: tally.all() };
}

/** Every listed file is there and as listed, and nothing else is. */
function checkFiles(folder: string): readonly string[] {
  const found = new Set(pathsIn(folder));
  const listed = listedFiles(folder);
  for (const path of found) {
    if (path !== sumsFile && !listed.has(path)) throw new BundleFault(path, `${sumsFile} does not list it`);
  }
  for (const [path, digest] of listed) {
    if (sha256(readBundleFile(folder, path)) !== digest)
      throw new BundleFault(path, `it does not have the digest that ${sumsFile} lists`);
  }
  return [...listed.keys()];
}

/** Digest of each path, all of which are paths of bundles: none leads out of the folder. */
function listedFiles(folder: string): ReadonlyMap<string, string> {
  const listed = new Map<string, string>();
  const lines = textOf(folder, sumsFile).split("\n");
  if (lines.pop() !== "") throw new BundleFault(sumsFile, "its last line has no end");
  for (const [number, line] of lines.entries()) {
    const [, digest, path] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (digest === undefined || path === undefined || !isBundlePath(path))
      throw new BundleFault(sumsFile, `line ${number + 1} names no file of a bundle`);
    if (listed.has(path)) throw new BundleFault(sumsFile, `line ${number + 1} names a file again`);
    listed.set(path, digest);
  }
  return listed;
}

/** The key to check with. Where one came from elsewhere, another one in the bundle is worth a word. */
function checkKey(folder: string, outside: Verifier | undefined): Verifier {
  const [text = "", ...more] = textOf(folder, "log.vkey").split("\n");
  const own = parseVerifierKey(text);
  if (own === undefined || more.length !== 1 || more[0] !== "")
    throw new BundleFault("log.vkey", "it is no verifier key");
  const isSame = outside === undefined || (own.name === outside.name && own.keyId === outside.keyId);
  if (!isSame) throw new BundleFault("log.vkey", "it is not the key this bundle is checked with");
  return outside ?? own;
}

function requireProofs(files: readonly string[], indexes: ReadonlySet<string>): void {
  const [unproven] = files.filter((file) => {
    const [, index] = /^entries\/(\d+)\./.exec(file) ?? [];
    return index !== undefined && !indexes.has(index);
  });
  if (unproven !== undefined) throw new BundleFault(unproven, "there is no proof of that entry");
  if (indexes.size === 0) throw new BundleFault("proofs", "there is no entry");
}

/** Signatures by keys that nobody gave us are ignored, so the names on them are only names. */
function foreignSigners(note: string, { name, keyId }: Verifier): readonly string[] {
  const signatures = parseNote(note)?.signatures ?? [];
  return signatures.filter((each) => each.name !== name || each.keyId !== keyId).map((each) => each.name);
}

/** What a valid proof proves is all that is believed of the three files of an entry. */
function checkEntry(
  folder: string,
  index: string,
  { note, verifier }: { note: string; verifier: Verifier },
): ReturnType<typeof checkEntryWords> {
  const file = `proofs/${index}.tlog-proof`;
  const proof = textOf(folder, file);
  if (!proof.endsWith(`\n\n${note}`)) throw new BundleFault(file, "it is under another checkpoint");
  const verified = verifyProofFile(proof, verifier);
  if (verified.kind === "refused") throw new BundleFault(file, verified.why);
  if (String(verified.index) !== index) throw new BundleFault(file, `it proves entry ${verified.index}`);
  const leafFile = `entries/${index}.leaf`;
  if (!readBundleFile(folder, leafFile).equals(verified.leaf))
    throw new BundleFault(leafFile, "it is not the entry that is proven");
  const said = `entries/${index}.json`;
  return checkEntryWords(said, readBundleJson(folder, said), { index: verified.index, bytes: verified.leaf });
}

/** Returns how many there are. */
function checkRecordings(
  folder: string,
  { files, leaves, tally }: { files: readonly string[]; leaves: readonly Leaf[]; tally: Tally },
): number {
  const byExchange = Map.groupBy(leaves, ({ exchange }) => `recordings/${exchange}.json`);
  const recordings = files.filter((file) => file.startsWith("recordings/"));
  for (const file of recordings) {
    const notCovered = checkRecording(file, readBundleJson(folder, file), byExchange.get(file) ?? []);
    tally.count("recordings/*.json", notCovered);
  }
  return recordings.length;
}

/** Counts what is not covered, by place and name. */
class Tally {
  readonly #files = new Map<string, NotCovered>();

  count(where: string, names: readonly string[]): void {
    for (const what of names) {
      const key = JSON.stringify([where, what]);
      this.#files.set(key, { where, what, files: (this.#files.get(key)?.files ?? 0) + 1 });
    }
  }

  all(): readonly NotCovered[] {
    return [...this.#files.values()];
  }
}

function textOf(folder: string, path: string): string {
  const bytes = readBundleFile(folder, path);
  const text = bytes.toString("utf8");
  // Otherwise two files that differ could read the same.
  if (!Buffer.from(text, "utf8").equals(bytes)) throw new BundleFault(path, "it is not UTF-8");
  return text;
}

/** What was proven, or the first file that is wrong, for people. */
export function bundleWords(
  verification: BundleVerification,
  folder: string,
  isKeyFromOutside: boolean,
): string {
  if (verification.kind === "broken")
    return printableLine(`NOT VERIFIED: ${verification.file}: ${verification.problem}`);
  const { origin, entries, size, recordings, notCovered } = verification;
  return [
    `Verified: ${folder}, an evidence bundle of ${origin}`,
    `  entries      ${entries}, each proven under its checkpoint of size ${size}`,
    `  recordings   ${recordings}, as the server opened them: entries commit to them by digests that only the server can check`,
    ...notCoveredLines(notCovered),
    ...(isKeyFromOutside
      ? []
      : [
          "The verifier key came from the bundle or its server; pass --key with one you kept to trust more than that.",
        ]),
  ].join("\n");
}

/** One line for each place. Names of strangers' signatures come from the bundle. */
function notCoveredLines(notCovered: readonly NotCovered[]): readonly string[] {
  return [...Map.groupBy(notCovered, ({ where }) => where)].map(([where, each]) => {
    const names = each.map(({ what, files }) =>
      where === "checkpoint" ? `the signature of ${what}` : `${what} (${files})`,
    );
    return printableLine(`  not covered by the log: ${where}: ${names.join(", ")}`);
  });
}
