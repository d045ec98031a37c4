import { parseProofFile, parseVerifierKey, type Verifier, verifyCheckpoint, verifyProofFile } from "#tlog";
import { BundleBroken } from "./bundle-broken.ts";
import { checkWords, type ProvenEntry, provenEntry, unprovenMembers } from "./bundle-entry.ts";
import { isBundlePath, pathsIn, readBundleFile, sha256, sumsFile } from "./bundle-files.ts";
import { bundleReadme } from "./bundle-readme.ts";
import { checkRecordings, type RecordingCount } from "./bundle-recording.ts";

export type BundleVerification =
  | {
      readonly kind: "verified";
      readonly origin: string;
      readonly entries: number;
      /** Of the checkpoint that all entries are under. */
      readonly size: number;
      /** Of what entries commit to, how much the bundle shows. Nothing here proves what it says. */
      readonly details: RecordingCount;
      readonly recordings: RecordingCount;
      /** What in the bundle is somebody's word, and what a bundle does not show at all: sentences for people. */
      readonly notCovered: readonly string[];
    }
  /** `file` is the first place that is wrong. */
  | { readonly kind: "broken"; readonly file: string; readonly problem: string };

/**
 * Checks a bundle with nothing but the verifier key, its own where none is given: every file against its digest and nothing besides, the checkpoint's
 * signature, a proof of each entry under that checkpoint, and that every word beside an entry is the entry's, or one of
 * those that are named as not covered.
 */
export function verifyBundle(folder: string, outside: Verifier | undefined): BundleVerification {
  try {
    return checkBundle(folder, outside);
  } catch (error) {
    if (error instanceof BundleBroken) return { kind: "broken", file: error.file, problem: error.message };
    throw error;
  }
}

function checkBundle(folder: string, outside: Verifier | undefined): BundleVerification {
  const files = checkFiles(folder);
  const read = (file: string): string => textOf(folder, file);
  const verifier = checkKey(read("log.vkey"), outside);
  const note = read("checkpoint");
  const signed = verifyCheckpoint(note, verifier);
  if (signed.kind === "refused") throw new BundleBroken("checkpoint", signed.why);
  const indexes = files.flatMap((file) => /^proofs\/(\d+)\./.exec(file)?.[1] ?? []);
  const proven = indexes.map((index) => checkEntry(folder, index, { note, verifier }));
  const told = files.filter((file) => file.startsWith("entries/")).length;
  if (told !== 2 * proven.length) throw new BundleBroken("entries", "there are entries without a proof");
  if (proven.length === 0) throw new BundleBroken("proofs", "there is no entry");
  const entries = proven.map(({ entry }) => entry);
  const { origin, size } = signed.checkpoint;
  const recorded = files.filter((file) => file.startsWith("recordings/"));
  const isOurReadme = read("README.md") === bundleReadme({ origin, entries: entries.length });
  return {
    kind: "verified",
    origin,
    entries: entries.length,
    size,
    details: {
      committed: entries.filter(({ leaf }) => leaf.attachments?.some(({ role }) => role === "detail")).length,
      shown: proven.filter(({ words }) => words.has("detail")).length,
    },
    recordings: checkRecordings(entries, recorded, read),
    notCovered: notCovered(new Set(proven.flatMap(({ words }) => [...words])), isOurReadme),
  };
}

/** Each in a sentence; what is not in this bundle is not named. */
function notCovered(words: ReadonlySet<string>, isOurReadme: boolean): readonly string[] {
  const members = unprovenMembers.filter((name) => words.has(name));
  return [
    ...(members.length > 0 ? [`${members.join(", ")} in entries/*.json: the server's word`] : []),
    "the state of attachments in entries/*.json: the server's word",
    "what recordings/*.json say: the server's word; entries commit to them by digests that only the server can check",
    "what is not here: a bundle is a selection, and says nothing of the entries that it leaves out",
    ...(isOurReadme
      ? []
      : ["README.md: it is not the one that this version writes; do not run what it says"]),
  ];
}

/** Every listed file is there and as listed, and nothing else is. */
function checkFiles(folder: string): readonly string[] {
  const listed = new Set<string>();
  const lines = textOf(folder, sumsFile).split("\n");
  if (lines.pop() !== "") throw new BundleBroken(sumsFile, "its last line has no end");
  for (const [number, line] of lines.entries()) {
    const [, digest, path] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (digest === undefined || path === undefined || !isBundlePath(path) || listed.has(path))
      throw new BundleBroken(sumsFile, `line ${number + 1} names no file of a bundle`);
    const bytes = readBundleFile(folder, path);
    if (bytes === undefined) throw new BundleBroken(path, "it is missing");
    if (sha256(bytes) !== digest)
      throw new BundleBroken(path, `it does not have the digest that ${sumsFile} lists`);
    listed.add(path);
  }
  for (const path of pathsIn(folder)) {
    if (path !== sumsFile && !listed.has(path)) throw new BundleBroken(path, `${sumsFile} does not list it`);
  }
  return [...listed];
}

/** The key to check with. Where one came from elsewhere, another one in the bundle is worth a word. */
function checkKey(text: string, outside: Verifier | undefined): Verifier {
  const own = parseVerifierKey(text.trim());
  if (own === undefined) throw new BundleBroken("log.vkey", "it is no verifier key");
  // A key's id has 32 bits, so that another key with the same one can be found.
  const isSame = outside === undefined || (own.name === outside.name && own.key.equals(outside.key));
  if (!isSame) throw new BundleBroken("log.vkey", "it is not the key this bundle is checked with");
  return outside ?? own;
}

function checkEntry(
  folder: string,
  index: string,
  { note, verifier }: { note: string; verifier: Verifier },
): { readonly entry: ProvenEntry; readonly words: ReadonlySet<string> } {
  const file = `proofs/${index}.tlog-proof`;
  const proof = textOf(folder, file);
  if (parseProofFile(proof)?.checkpoint !== note)
    throw new BundleBroken(file, "it is no proof under the checkpoint of this bundle");
  const verified = verifyProofFile(proof, verifier);
  if (verified.kind === "refused") throw new BundleBroken(file, verified.why);
  if (String(verified.index) !== index) throw new BundleBroken(file, `it proves entry ${verified.index}`);
  const leafFile = `entries/${index}.leaf`;
  const leaf = readBundleFile(folder, leafFile);
  if (leaf === undefined || !Buffer.from(leaf).equals(verified.leaf))
    throw new BundleBroken(leafFile, "it is not the entry that is proven");
  const entry = provenEntry(leafFile, verified.index, verified.leaf);
  const wordsFile = `entries/${index}.json`;
  return { entry, words: checkWords(wordsFile, textOf(folder, wordsFile), entry) };
}

function textOf(folder: string, path: string): string {
  const bytes = readBundleFile(folder, path);
  if (bytes === undefined) throw new BundleBroken(path, "it is missing");
  return Buffer.from(bytes).toString("utf8");
}
