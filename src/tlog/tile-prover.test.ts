import { expect, test } from "vitest";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { type TileLog, tileLog } from "../../test/fakes/tile-log.ts";
import { parseVerifierKey, tilePath, tileProver, verifyProofFile } from "./index.ts";

const origin = "gatehouse.example/log";
const signer = newLogSigner(origin);
const verifier = parseVerifierKey(signer.verifierKey);

const logOf = (size: number): TileLog =>
  tileLog(
    Array.from({ length: size }, (_, index) => Buffer.from(`{"entry":${index}}`)),
    signer,
    origin,
  );

function proverOf(log: TileLog) {
  const prover = tileProver(log, log.note ?? "");
  if (prover === undefined || verifier === undefined) throw new Error("the log is signed");
  return { prover, verifier };
}

test.each([1, 2, 3, 255, 256, 257, 511, 600, 65_536, 66_000])(
  "each end of a log of %i entries is proven from its files",
  async (size) => {
    const { prover, verifier: key } = proverOf(logOf(size));
    for (const index of new Set([0, Math.floor(size / 2), Math.max(0, size - 2), size - 1])) {
      const verified = verifyProofFile((await prover.prove(index)) ?? "", key);
      expect(verified).toMatchObject({ kind: "verified", index, checkpoint: { size } });
    }
  },
);

test.each([-1, 5, 0.5, Number.NaN])("there is no proof of entry %s of five", async (index) => {
  expect(await proverOf(logOf(5)).prover.prove(index)).toBeUndefined();
});

test("a log that lacks a file, or gives half of it, proves nothing", async () => {
  for (const level of ["entries", 0, 1] as const) {
    const log = logOf(600);
    const path = tilePath({ level, index: level === 1 ? 0 : 1, width: level === 1 ? 2 : 256 });
    const whole = log.files.get(path) ?? new Uint8Array(0);
    log.files.set(path, whole.subarray(0, 32));
    expect(await proverOf(log).prover.prove(300), path).toBeUndefined();
    log.files.delete(path);
    expect(await proverOf(log).prover.prove(300), path).toBeUndefined();
  }
});

test("a note that is no checkpoint has no prover", () => {
  expect(tileProver(logOf(1), "hello\n")).toBeUndefined();
});
