import fc from "fast-check";
import { expect, test } from "vitest";
import { newCosigner, newLogSigner } from "../../test/fakes/log-signer.ts";
import {
  type AddCheckpoint,
  type Cosigner,
  cosign,
  emptyFrontier,
  extend,
  findCosignatures,
  formatAddCheckpoint,
  hashLeaf,
  parseAddCheckpoint,
  parseCosignerKey,
  parseVerifierKey,
  rootOf,
  signCheckpoint,
  verifyCheckpoint,
  verifyForeignCheckpoint,
} from "./index.ts";
import { signNote } from "./note.ts";

const origin = "gateway.example/audit";
const log = newLogSigner(origin);
const witness = newCosigner();
const root = rootOf(extend(emptyFrontier, hashLeaf(Buffer.from("first"))));
const note = signCheckpoint({ origin, size: 1, root }, log);
const at = new Date("2026-11-28T12:00:00.900Z");
const line = cosign(note, witness, at);

function known(verifierKey: string): Cosigner {
  const cosigner = parseCosignerKey(verifierKey);
  if (cosigner === undefined) throw new Error("the test's own key does not parse");
  return cosigner;
}
const cosigner = known(witness.verifierKey);

test("a cosigned checkpoint with any one character changed has no cosignature, or is no note", () => {
  const cosigned = note + line;
  fc.assert(
    fc.property(
      fc.nat({ max: cosigned.length - 1 }),
      fc.constantFrom("0", "A", "z", "\n"),
      (where, other) => {
        fc.pre(cosigned[where] !== other);
        // The log's own signature is not what a cosignature covers.
        fc.pre(where < note.indexOf("\n\n") || where >= note.length);
        const changed = cosigned.slice(0, where) + other + cosigned.slice(where + 1);
        const finding = findCosignatures(changed, [cosigner]);
        expect(finding.kind === "refused" || finding.cosignatures.length === 0).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test("a log's key is no cosigner's key, and a cosigner's none of a log", () => {
  expect(parseCosignerKey(log.verifierKey)).toBeUndefined();
  expect(parseVerifierKey(witness.verifierKey)).toBeUndefined();
  const relabelled = witness.verifierKey.replace(/\+[0-9a-f]{8}\+/, "+00000000+");
  expect(parseCosignerKey(relabelled)).toBeUndefined();
});

test("another witness of the same name does not count", () => {
  const stranger = cosign(note, newCosigner(), at);
  expect(findCosignatures(note + stranger, [cosigner])).toEqual({ kind: "found", cosignatures: [] });
});

test("a good cosignature does not save a checkpoint with a wrong one under the same key", () => {
  const [dash = "", name = "", encoded = ""] = line.trimEnd().split(" ");
  const bytes = Buffer.from(encoded, "base64");
  // The time is covered: a fresh one cannot be claimed for an old cosignature.
  bytes.writeUInt8(bytes.readUInt8(11) ^ 1, 11);
  const spoiled = `${note}${line}${dash} ${name} ${bytes.toString("base64")}\n`;
  expect(findCosignatures(spoiled, [cosigner])).toEqual({
    kind: "refused",
    why: "the cosignature of witness.example/w1 is wrong",
  });
});

test.each([
  ["too short", 71],
  ["too long", 73],
  ["empty but for the key's id", 0],
])("a cosignature that is %s is wrong", (_, length) => {
  const encoded = Buffer.concat([Buffer.from(cosigner.keyId, "hex"), Buffer.alloc(length, 1)]);
  const finding = findCosignatures(`${note}— ${cosigner.name} ${encoded.toString("base64")}\n`, [cosigner]);
  expect(finding.kind).toBe("refused");
});

test("of several cosignatures by one witness the newest counts, wherever it stands", () => {
  const later = cosign(note, witness, new Date("2026-11-28T13:00:00Z"));
  for (const lines of [line + later, later + line]) {
    expect(findCosignatures(note + lines, [cosigner])).toEqual({
      kind: "found",
      cosignatures: [
        { cosigner, name: "witness.example/w1", at: new Date("2026-11-28T13:00:00Z"), line: later },
      ],
    });
  }
});

test("a cosigned checkpoint is still the log's checkpoint to whoever knows nothing of witnesses", () => {
  const verifier = parseVerifierKey(log.verifierKey);
  if (verifier === undefined) throw new Error("the test's own key does not parse");
  expect(verifyCheckpoint(note + line, verifier)).toMatchObject({
    kind: "verified",
    checkpoint: { size: 1 },
  });
});

test("a cosignature covers the lines behind the root, which only a foreign log has", () => {
  const verifier = parseVerifierKey(log.verifierKey);
  if (verifier === undefined) throw new Error("the test's own key does not parse");
  const extended = signNote(`${origin}\n1\n${Buffer.from(root).toString("base64")}\nmore\n`, log);
  expect(verifyForeignCheckpoint(extended, [verifier])).toMatchObject({ kind: "verified" });
  expect(verifyCheckpoint(extended, verifier).kind).toBe("refused");
  const cosigned = extended + cosign(extended, witness, at);
  expect(findCosignatures(cosigned, [cosigner])).toMatchObject({
    cosignatures: [{ name: "witness.example/w1" }],
  });
  expect(findCosignatures(cosigned.replace("more", "less"), [cosigner]).kind).toBe("refused");
});

const request: AddCheckpoint = { oldSize: 0, proof: [root, root], checkpoint: note };

test("what a log shows a witness reads as it was written", () => {
  expect(parseAddCheckpoint(formatAddCheckpoint(request))).toEqual({
    ...request,
    proof: request.proof.map((hash) => Buffer.from(hash)),
  });
});

test.each([
  ["nothing", ""],
  ["no border", "old 0\nx"],
  ["no size", `old \n\n${note}`],
  ["a leading zero", `old 01\n\n${note}`],
  ["a sign", `old -1\n\n${note}`],
  ["a size beyond exact numbers", `old 9007199254740993\n\n${note}`],
  ["another word", `new 0\n\n${note}`],
  ["a short hash", `old 0\nAAAA\n\n${note}`],
  ["a hash in another alphabet", `old 0\n${"_".repeat(43)}=\n\n${note}`],
  ["more hashes than any tree needs", formatAddCheckpoint({ ...request, proof: Array(64).fill(root) })],
  ["carriage returns", formatAddCheckpoint(request).replaceAll("\n", "\r\n")],
])("a request with %s is none", (_, body) => {
  expect(parseAddCheckpoint(body)).toBeUndefined();
});
