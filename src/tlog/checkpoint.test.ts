import { createHash, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  emptyFrontier,
  extend,
  hashLeaf,
  type NoteSigner,
  ownNote,
  parseCheckpoint,
  parseVerifierKey,
  rootOf,
  signCheckpoint,
  type Verifier,
  verifyCheckpoint,
} from "./index.ts";
import { parseNote, signNote, verifyNote } from "./note.ts";

function newSigner(name: string): NoteSigner & { verifier: Verifier } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = Buffer.concat([Buffer.of(1), publicKey.export({ format: "der", type: "spki" }).subarray(-32)]);
  const keyId = createHash("sha256").update(`${name}\n`).update(key).digest("hex").slice(0, 8);
  const verifierKey = `${name}+${keyId}+${key.toString("base64")}`;
  const verifier = parseVerifierKey(verifierKey);
  if (verifier === undefined) throw new Error("the test's own key does not parse");
  return { verifierKey, sign: (text) => sign(null, text, privateKey), verifier };
}

const origin = "gateway.example/audit";
const signer = newSigner(origin);
const root = rootOf(extend(emptyFrontier, hashLeaf(Buffer.from("first"))));
const note = signCheckpoint({ origin, size: 1, root }, signer);

// The example of the golang.org/x/mod/sumdb/note documentation: a key and a note we did not make.
const foreignKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const foreignNote = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

test("a checkpoint with any one character changed is refused", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: note.length - 1 }),
      fc.constantFrom("0", "A", "z", "\n", " ", "—"),
      (at, other) => {
        fc.pre(note[at] !== other);
        const changed = note.slice(0, at) + other + note.slice(at + 1);
        expect(verifyCheckpoint(changed, signer.verifier).kind).toBe("refused");
      },
    ),
    { numRuns: 300 },
  );
});

test("a checkpoint that another key signed under our name is refused", () => {
  const forged = signCheckpoint({ origin, size: 1, root }, newSigner(origin));
  expect(verifyCheckpoint(forged, signer.verifier)).toEqual({
    kind: "refused",
    why: "no known key has signed it",
  });
});

test("a good signature does not save a checkpoint on which a known key's other signature fails", () => {
  const line = note.trimEnd().split("\n").at(-1) ?? "";
  const [dash, name, encoded = ""] = line.split(" ");
  const bytes = Buffer.from(encoded, "base64");
  bytes.writeUInt8(bytes.readUInt8(10) ^ 1, 10);
  const spoiled = `${note}${dash} ${name} ${bytes.toString("base64")}\n`;
  expect(verifyCheckpoint(spoiled, signer.verifier)).toEqual({
    kind: "refused",
    why: `the signature of ${origin} is wrong`,
  });
});

test("a checkpoint of another log is refused, even if our key signed it", () => {
  const foreign = signNote(`other.example/log\n1\n${Buffer.from(root).toString("base64")}\n`, signer);
  expect(verifyCheckpoint(foreign, signer.verifier)).toMatchObject({
    kind: "refused",
    why: "it belongs to the log other.example/log, not to gateway.example/audit",
  });
});

test("only three lines to the letter are a checkpoint", () => {
  const encoded = Buffer.from(root).toString("base64");
  for (const text of [
    `${origin}\n01\n${encoded}\n`,
    `${origin}\n+1\n${encoded}\n`,
    `${origin}\n-1\n${encoded}\n`,
    `${origin}\n1e3\n${encoded}\n`,
    `${origin}\n\n${encoded}\n`,
    `${origin}\n9007199254740993\n${encoded}\n`,
    `${origin}\n1\n${encoded.slice(0, -4)}\n`,
    `${origin}\n1\n${encoded.replace("=", "")}\n`,
    `${origin}\n1\n${encoded}\nextension\n`,
    `${origin}\n1\n`,
    `\n1\n${encoded}\n`,
  ]) {
    expect(verifyCheckpoint(signNote(text, signer), signer.verifier), text).toMatchObject({
      kind: "refused",
      why: "it is signed, but not a checkpoint",
    });
  }
});

test("what is not a note to the letter is refused", () => {
  const line = note.split("\n").at(-2) ?? "";
  for (const bad of [
    "",
    "\n",
    "\n\n",
    "text\n",
    "text\n\n",
    `text\n${line}\n`,
    note.trimEnd(),
    `${note}\n`,
    note.replace("— ", "- "),
    note.replace("— ", "—  "),
    note.replaceAll("\n", "\r\n"),
    note.replace(origin, `${origin}\u0000`),
    note.replace(origin, `${origin}\uD800`),
    `${note}${`${line}\n`.repeat(100)}`,
    `${note}${"x".repeat(600_000)}`,
    `text\n\n— name AAAA\n`,
    `text\n\n— na+me ${line.split(" ")[2]}\n`,
  ]) {
    expect(parseNote(bad), JSON.stringify(bad.slice(0, 80))).toBeUndefined();
    expect(verifyCheckpoint(bad, signer.verifier)).toMatchObject({ kind: "refused" });
  }
});

test("a verifier key with another key id, type or length is refused", () => {
  const [name, keyId = "", key = ""] = signer.verifierKey
    .split("+", 2)
    .concat(signer.verifierKey.split("+").slice(2).join("+"));
  const bytes = Buffer.from(key, "base64");
  const otherType = Buffer.from(bytes);
  otherType.writeUInt8(4, 0);
  for (const bad of [
    "",
    `${name}+00000000+${key}`,
    `${name}+${keyId.toUpperCase()}+${key}+`,
    `${name}+${keyId}+${otherType.toString("base64")}`,
    `${name}+${keyId}+${bytes.subarray(0, 32).toString("base64")}`,
    `other+${keyId}+${key}`,
    `+${keyId}+${key}`,
    `${name}+${keyId}`,
    `${signer.verifierKey}\n`,
  ]) {
    expect(parseVerifierKey(bad), bad).toBeUndefined();
  }
});

test("a note cannot be signed over text that a reader would take for something else", () => {
  expect(() => signNote("no newline", signer)).toThrow(RangeError);
  expect(() => signNote("bell\u0007\n", signer)).toThrow(RangeError);
});

test("signatures of strangers beside ours are ignored", () => {
  const stranger = newSigner("stranger.example");
  const text = note.slice(0, note.indexOf("\n\n") + 1);
  const line = signNote(text, stranger).split("\n").at(-2) ?? "";
  const lines = `${line}\n`.repeat(15);
  expect(verifyCheckpoint(`${note}${lines}`, signer.verifier).kind).toBe("verified");
});

test("a note that a stranger's software signed is believed with their key", () => {
  const verifier = parseVerifierKey(foreignKey);
  expect(verifier).toBeDefined();
  expect(verifyNote(foreignNote, verifier === undefined ? [] : [verifier])).toMatchObject({
    kind: "verified",
    names: ["PeterNeumann"],
  });
});

test("a signed checkpoint reads back as what was signed", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (size, hash) => {
        const signed = signCheckpoint({ origin, size, root: hash }, signer);
        const expected = { origin, size, root: Buffer.from(hash) };
        expect(verifyCheckpoint(signed, signer.verifier)).toEqual({ kind: "verified", checkpoint: expected });
        expect(parseCheckpoint(signed)).toEqual(expected);
      },
    ),
    { numRuns: 50 },
  );
});

test("a log's own note is the same wherever others put their lines, and nothing of theirs is in it", () => {
  const border = note.indexOf("\n\n") + 2;
  const [text, own] = [note.slice(0, border), note.slice(border)];
  const theirs = "— w.example AAAAAAE=\n— gateway.example/audit/2 AAAAAAE=\n";
  for (const signed of [note, text + theirs + own, text + own + theirs]) expect(ownNote(signed)).toBe(note);
  expect(ownNote(text + theirs)).toBeUndefined();
  expect(ownNote("junk")).toBeUndefined();
});
