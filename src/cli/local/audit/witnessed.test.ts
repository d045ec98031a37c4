import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { cosign, hashLeaf, type NoteSigner, signCheckpoint } from "#tlog";
import { newCosigner, newLogSigner } from "../../../../test/fakes/log-signer.ts";
import { manualClock } from "../../../../test/fakes/manual-clock.ts";
import { demandedWitnesses, findWitnesses } from "./witnessed.ts";

const origin = "gateway.example/audit";
const note = signCheckpoint({ origin, size: 1, root: hashLeaf(Buffer.from("one")) }, newLogSigner(origin));
const clock = manualClock();
const later = (ms: number): Date => new Date(clock.now().getTime() + ms);

function find(
  cosigned: readonly string[],
  { by, within }: { by: readonly NoteSigner[]; within?: string },
): string {
  const keys = by.map(({ verifierKey }) => verifierKey);
  const finding = findWitnesses(note + cosigned.join(""), demandedWitnesses(keys, within), { clock });
  return finding.kind === "witnessed" ? finding.by.map(({ name }) => name).join(", ") : finding.problem;
}

test("of two witnesses of one name, one alone does not stand for both", () => {
  const [one, other] = [newCosigner("witness.example"), newCosigner("witness.example")];
  const ofOne = cosign(note, one, clock.now());
  const ofOther = cosign(note, other, clock.now());
  expect(find([ofOne], { by: [one, other] })).toMatch(
    /^witness\.example has not cosigned .* with key [0-9a-f]{8}\./,
  );
  expect(find([ofOne, ofOne], { by: [one, other] })).toMatch(/has not cosigned/);
  expect(find([ofOne, ofOther], { by: [one, other] })).toBe("witness.example, witness.example");
});

test("one key named twice is refused before anything is verified", () => {
  const one = newCosigner("witness.example");
  expect(() => find([], { by: [one, newCosigner(), one] })).toThrow(
    /names the key of witness\.example twice/,
  );
});

test("a cosignature from the future is not lately, nor anything else", () => {
  const one = newCosigner();
  for (const within of ["1h", undefined]) {
    const options = { by: [one], ...(within === undefined ? {} : { within }) };
    const skewed = [cosign(note, one, later(limits.witnessSkewMs - 1_000))];
    expect(find(skewed, options)).toBe("witness.example/w1");
    const ahead = [cosign(note, one, later(limits.witnessSkewMs + 1_000))];
    expect(find(ahead, options)).toMatch(/still to come/);
    expect(find([cosign(note, one, new Date("9999-01-01T00:00:00Z"))], options)).toMatch(/still to come/);
  }
});

test("a cosignature older than was demanded is an old state", () => {
  const one = newCosigner();
  expect(find([cosign(note, one, later(-3_600_000))], { by: [one], within: "1h" })).toBe(
    "witness.example/w1",
  );
  expect(find([cosign(note, one, later(-3_601_000))], { by: [one], within: "1h" })).toMatch(/old state/);
});
