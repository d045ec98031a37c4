import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseVerifierKey, type Verifier, verifyCheckpoint, verifyProofFile } from "#tlog";
import { isBundlePath, pathsIn, readBundleFile, sha256, sumsFile } from "./bundle-files.ts";

export type BundleVerification =
  | {
      readonly kind: "verified";
      readonly origin: string;
      readonly entries: number;
      /** Of the checkpoint that all entries are under. */
      readonly size: number;
      readonly recordings: number;
    }
  /** `file` is the first place that is wrong. */
  | { readonly kind: "broken"; readonly file: string; readonly problem: string };

export function isBundle(folder: string): boolean {
  return existsSync(join(folder, sumsFile)) && existsSync(join(folder, "checkpoint"));
}

/** Leaves the nested checks; never leaves this file. */
class Broken extends Error {
  readonly file: string;
  constructor(file: string, problem: string) {
    super(problem);
    this.file = file;
  }
}

/**
 * Checks a bundle with nothing but the verifier key, its own where none is given: every file against its digest and nothing besides, the checkpoint's
 * signature, a proof of each entry under that checkpoint, and that what is said of an entry is said of the one proven.
 */
export function verifyBundle(folder: string, outside: Verifier | undefined): BundleVerification {
  try {
    return checkBundle(folder, outside);
  } catch (error) {
    if (error instanceof Broken) return { kind: "broken", file: error.file, problem: error.message };
    throw error;
  }
}

function checkBundle(folder: string, outside: Verifier | undefined): BundleVerification {
  const files = checkFiles(folder);
  const verifier = checkKey(folder, outside);
  const note = textOf(folder, "checkpoint");
  const signed = verifyCheckpoint(note, verifier);
  if (signed.kind === "refused") throw new Broken("checkpoint", signed.why);
  const indexes = files.flatMap((file) => /^proofs\/(\d+)\./.exec(file)?.[1] ?? []);
  for (const index of indexes) checkEntry(folder, index, { note, verifier });
  const told = files.filter((file) => file.startsWith("entries/")).length;
  if (told !== 2 * indexes.length) throw new Broken("entries", "there are entries without a proof");
  if (indexes.length === 0) throw new Broken("proofs", "there is no entry");
  const { origin, size } = signed.checkpoint;
  const recordings = files.filter((file) => file.startsWith("recordings/")).length;
  return { kind: "verified", origin, entries: indexes.length, size, recordings };
}

/** Every listed file is there and as listed, and nothing else is. */
function checkFiles(folder: string): readonly string[] {
  const listed = new Set<string>();
  const lines = textOf(folder, sumsFile).split("\n");
  if (lines.pop() !== "") throw new Broken(sumsFile, "its last line has no end");
  for (const [number, line] of lines.entries()) {
    const [, digest, path] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (digest === undefined || path === undefined || !isBundlePath(path) || listed.has(path))
      throw new Broken(sumsFile, `line ${number + 1} names no file of a bundle`);
    const bytes = readBundleFile(folder, path);
    if (bytes === undefined) throw new Broken(path, "it is missing");
    if (sha256(bytes) !== digest)
      throw new Broken(path, `it does not have the digest that ${sumsFile} lists`);
    listed.add(path);
  }
  for (const path of pathsIn(folder)) {
    if (path !== sumsFile && !listed.has(path)) throw new Broken(path, `${sumsFile} does not list it`);
  }
  return [...listed];
}

/** The key to check with. Where one came from elsewhere, another one in the bundle is worth a word. */
function checkKey(folder: string, outside: Verifier | undefined): Verifier {
  const own = parseVerifierKey(textOf(folder, "log.vkey").trim());
  if (own === undefined) throw new Broken("log.vkey", "it is no verifier key");
  const isSame = outside === undefined || (own.name === outside.name && own.keyId === outside.keyId);
  if (!isSame) throw new Broken("log.vkey", "it is not the key this bundle is checked with");
  return outside ?? own;
}

const said = z.looseObject({ index: z.int(), leaf: z.string(), id: z.string(), kind: z.string() });

function checkEntry(
  folder: string,
  index: string,
  { note, verifier }: { note: string; verifier: Verifier },
): void {
  const file = `proofs/${index}.tlog-proof`;
  const proof = textOf(folder, file);
  if (!proof.endsWith(`\n\n${note}`)) throw new Broken(file, "it is under another checkpoint");
  const verified = verifyProofFile(proof, verifier);
  if (verified.kind === "refused") throw new Broken(file, verified.why);
  if (String(verified.index) !== index) throw new Broken(file, `it proves entry ${verified.index}`);
  const leafFile = `entries/${index}.leaf`;
  const leaf = readBundleFile(folder, leafFile);
  if (leaf === undefined || !Buffer.from(leaf).equals(verified.leaf))
    throw new Broken(leafFile, "it is not the entry that is proven");
  checkWords(folder, index, Buffer.from(verified.leaf).toString("utf8"));
}

/** What the server said of an entry quotes the entry; names and details beside it are the server's word. */
function checkWords(folder: string, index: string, leaf: string): void {
  const file = `entries/${index}.json`;
  const parsed = said.safeParse(parseJson(textOf(folder, file)));
  const members = z.looseObject({ id: z.string(), kind: z.string() }).safeParse(parseJson(leaf));
  if (!parsed.success || !members.success) throw new Broken(file, "it is not about an entry");
  const isAbout =
    String(parsed.data.index) === index &&
    parsed.data.leaf === leaf &&
    parsed.data.id === members.data.id &&
    parsed.data.kind === members.data.kind;
  if (!isAbout) throw new Broken(file, "it is about another entry than the one proven");
}

function textOf(folder: string, path: string): string {
  const bytes = readBundleFile(folder, path);
  if (bytes === undefined) throw new Broken(path, "it is missing");
  return Buffer.from(bytes).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What was proven, or the first file that is wrong, for people. */
export function bundleWords(
  verification: BundleVerification,
  folder: string,
  isKeyFromOutside: boolean,
): string {
  if (verification.kind === "broken") return `NOT VERIFIED: ${verification.file}: ${verification.problem}`;
  const { origin, entries, size, recordings } = verification;
  return [
    `Verified: ${folder}, an evidence bundle of ${origin}`,
    `  entries      ${entries}, each proven under its checkpoint of size ${size}`,
    `  recordings   ${recordings}, as the server opened them: entries commit to them by digests that only the server can check`,
    ...(isKeyFromOutside
      ? []
      : [
          "The verifier key came from the bundle or its server; pass --key with one you kept to trust more than that.",
        ]),
  ].join("\n");
}
