import { expect, test } from "vitest";
import {
  formatProofFile,
  hashLeaf,
  parseProofFile,
  parseVerifierKey,
  proveInclusion,
  subtreesOf,
  verifyProofFile,
} from "#tlog";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { tileLog } from "../../test/fakes/tile-log.ts";

const origin = "gateway.example/audit";
const signer = newLogSigner(origin);
const key = parseVerifierKey(signer.verifierKey);
if (key === undefined) throw new Error("the fake signer has a key");
const verifier = key;
const leaves = Array.from({ length: 300 }, (_, n) => Buffer.from(`entry ${n}`));

function proofOf(index: number, size = leaves.length): string {
  const hashes = proveInclusion(subtreesOf(leaves.map(hashLeaf)), { index, size });
  const checkpoint = tileLog(leaves.slice(0, size), signer, origin).note ?? "";
  return formatProofFile({ leaf: leaves[index] ?? Buffer.of(), index, hashes, checkpoint });
}

test("any character of a proof file that is changed spoils it", () => {
  const proof = proofOf(77);
  for (let at = 0; at < proof.length; at += 1) {
    const spoiled = `${proof.slice(0, at)}${proof[at] === "A" ? "B" : "A"}${proof.slice(at + 1)}`;
    expect(verifyProofFile(spoiled, verifier).kind, `changed at ${at}`).toBe("refused");
  }
});

test.each([
  ["no entry in it", /^extra .*\n/m],
  ["an empty entry", /^(extra) .*$/m],
  ["no index", /^index .*\n/m],
  ["one hash too few", /^\S{43}=\n/m],
])("a proof file with %s is refused", (_, cut) => {
  expect(verifyProofFile(proofOf(77).replace(cut, "$1"), verifier).kind).toBe("refused");
});

test("a proof is worth nothing for another index, another log or another key", () => {
  expect(verifyProofFile(proofOf(77).replace("index 77", "index 78"), verifier)).toMatchObject({
    kind: "refused",
    why: "the proof leads to another root",
  });
  const stranger = parseVerifierKey(newLogSigner(origin).verifierKey);
  if (stranger === undefined) throw new Error("the fake signer has a key");
  expect(verifyProofFile(proofOf(77), stranger)).toMatchObject({
    kind: "refused",
    why: "its checkpoint: no known key has signed it",
  });
});

test("a proof with more hashes than any tree is high is refused before anything is hashed", () => {
  const hash = Buffer.alloc(32).toString("base64");
  expect(parseProofFile(proofOf(0).replace(/\n\n/, `\n${`${hash}\n`.repeat(60)}\n`))).toBeUndefined();
});

test("the proof of any entry verifies, the only one's and the last one's included", () => {
  for (const [index, size] of [
    [0, 1],
    [0, 300],
    [255, 300],
    [299, 300],
  ] as const) {
    const verified = verifyProofFile(proofOf(index, size), verifier);
    expect(verified).toMatchObject({ kind: "verified", index, checkpoint: { origin, size } });
    expect(verified.kind === "verified" && Buffer.from(verified.leaf)).toEqual(leaves[index]);
  }
});
