import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import {
  formatProofFile,
  hashLeaf,
  parseVerifierKey,
  proveInclusion,
  subtreesOf,
  verifyProofFile,
} from "#tlog";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { tileLog } from "../../test/fakes/tile-log.ts";
import { formatSessionProof, isSessionProof, verifySessionProof } from "./session-proof.ts";

const origin = "gateway.example/audit";
const signer = newLogSigner(origin);
const key = parseVerifierKey(signer.verifierKey);
if (key === undefined) throw new Error("the fake signer has a key");
const verifier = key;
/** Two sessions take turns. */
const leaves = Array.from({ length: 12 }, (_, n) =>
  Buffer.from(
    JSON.stringify({
      v: 1,
      kind: "exchange.intent",
      id: `rec_${n}`,
      t: "2026-11-24T12:00:00.000Z",
      session: `ses_${n % 2}`,
    }),
  ),
);

function proofOf(index: number, size = leaves.length): { index: number; proof: string } {
  const hashes = proveInclusion(subtreesOf(leaves.map(hashLeaf)), { index, size });
  const checkpoint = tileLog(leaves.slice(0, size), signer, origin).note ?? "";
  return { index, proof: formatProofFile({ leaf: leaves[index] ?? Buffer.of(), index, hashes, checkpoint }) };
}

const session = "ses_1";
const sound = formatSessionProof({ session, proofs: [1, 3, 5, 7].map((index) => proofOf(index)) });
const why = (text: string): string => {
  const verified = verifySessionProof(text, verifier);
  return verified.kind === "refused" ? verified.why : "verified";
};

test("a session's proof shows each of its entries, under one checkpoint", () => {
  expect(isSessionProof(sound)).toBe(true);
  expect(verifySessionProof(sound, verifier)).toMatchObject({
    kind: "verified",
    session,
    checkpoint: { origin, size: 12 },
    entries: [1, 3, 5, 7].map((index) => ({
      index,
      leaf: { id: `rec_${index}` },
      text: String(leaves[index]),
    })),
  });
});

test("every proof in it is a plain tlog-proof when it is cut out between its two lines", () => {
  const cut = sound.split(/^== .*\n/m).slice(1, -1);
  expect(cut).toEqual([1, 3, 5, 7].map((index) => proofOf(index).proof));
  for (const proof of cut) expect(verifyProofFile(proof, verifier).kind).toBe("verified");
});

test("any byte of it that is changed spoils it", () => {
  for (let at = 0; at < sound.length; at += 1) {
    const spoiled = `${sound.slice(0, at)}${sound[at] === "A" ? "B" : "A"}${sound.slice(at + 1)}`;
    expect(why(spoiled), `changed at ${at}`).not.toBe("verified");
  }
});

test("cut off anywhere it proves nothing, nor with anything after its end", () => {
  for (let length = 0; length < sound.length; length += 1) {
    expect(why(sound.slice(0, length)), `of ${length} bytes`).not.toBe("verified");
  }
  for (const more of ["\n", "x", sound, "== entry 9\n"]) expect(why(sound + more)).not.toBe("verified");
});

test.each([
  ["an entry of another session", [1, 2, 3], "entry 2 is not of ses_1"],
  ["an entry twice", [1, 3, 3], "entry 3 comes after entry 3: twice, or out of order"],
  ["entries out of order", [3, 1], "entry 1 comes after entry 3: twice, or out of order"],
])("%s slipped in is found, although it is truly in the log", (_, indexes, said) => {
  expect(why(formatSessionProof({ session, proofs: indexes.map((index) => proofOf(index)) }))).toBe(said);
});

test("proofs under two checkpoints of the same log are not mixed", () => {
  const proofs = [proofOf(1), proofOf(3, 10), proofOf(5)];
  expect(why(formatSessionProof({ session, proofs }))).toBe(
    "entry 3 is under another checkpoint than the ones before",
  );
});

test("a proof under another entry's line, a missing one and one too many are found", () => {
  expect(why(sound.replace("== entry 3\n", "== entry 9\n"))).toBe(
    "what is called entry 9 is a proof of entry 3",
  );
  expect(why(sound.replace("entries 4", "entries 5"))).toBe("it is of 5 entries, and has proofs of 4");
  expect(why(sound.replace(/== entry 3\n[\s\S]*?(?=^== )/m, ""))).toBe(
    "it is of 4 entries, and has proofs of 3",
  );
});

test("another log's key verifies none of it, and another session's name is not its", () => {
  const stranger = parseVerifierKey(newLogSigner(origin).verifierKey);
  if (stranger === undefined) throw new Error("the fake signer has a key");
  expect(verifySessionProof(sound, stranger)).toEqual({
    kind: "refused",
    why: "entry 1: its checkpoint: no known key has signed it",
  });
  expect(why(sound.replace("session ses_1", "session ses_2"))).toBe("entry 1 is not of ses_2");
});

test("more entries than a session's proof may have are refused before one is looked at", () => {
  const many = sound.replace("entries 4", `entries ${limits.sessionProofEntriesMax + 1}`);
  expect(why(many)).toBe("it is of more entries than a session's proof may be");
});
