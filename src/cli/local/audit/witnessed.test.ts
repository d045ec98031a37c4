import { expect, test } from "vitest";
import { cosign, parseCosignerKey } from "#tlog";
import { newCosigner, newLogSigner } from "../../../../test/fakes/log-signer.ts";
import { manualClock } from "../../../../test/fakes/manual-clock.ts";
import { tileLog } from "../../../../test/fakes/tile-log.ts";
import { findWitnesses } from "./witnessed.ts";

const clock = manualClock();
const note = tileLog([Buffer.from("one")], newLogSigner(), "gateway.example/audit").note ?? "";
const [one, other] = [newCosigner("witness.example/w1"), newCosigner("witness.example/w1")];
const cosigners = [one, other].flatMap(({ verifierKey }) => parseCosignerKey(verifierKey) ?? []);

test("of two witnesses with one name, neither speaks for the other", () => {
  const byOne = note + cosign(note, one, clock.now());
  const demanded = { cosigners, ageMsMax: undefined };
  expect(findWitnesses(byOne, demanded, { clock })).toMatchObject({ kind: "unwitnessed" });
  const byBoth = byOne + cosign(note, other, clock.now());
  expect(findWitnesses(byBoth, demanded, { clock })).toMatchObject({ kind: "witnessed", by: [{}, {}] });
});

test("a cosignature from the future does not pass for a recent one", () => {
  const ahead = (ms: number) => note + cosign(note, one, new Date(clock.now().getTime() + ms));
  const demanded = { cosigners: cosigners.slice(0, 1), ageMsMax: 60_000 };
  expect(findWitnesses(ahead(4 * 60_000), demanded, { clock })).toMatchObject({ kind: "witnessed" });
  expect(findWitnesses(ahead(6 * 60_000), demanded, { clock })).toMatchObject({
    kind: "unwitnessed",
    problem: expect.stringContaining("which is still to come") as string,
  });
});
