import { expect, test } from "vitest";
import { parseVerifierKey, verifyTiles } from "#tlog";
import { newLogSigner } from "../../test/fakes/log-signer.ts";
import { type TileLog, tileLog } from "../../test/fakes/tile-log.ts";

const origin = "gateway.example/audit";
const signer = newLogSigner(origin);
const key = parseVerifierKey(signer.verifierKey);
if (key === undefined) throw new Error("the fake signer has a key");
const verifier = key;

const leavesOf = (size: number) => Array.from({ length: size }, (_, n) => Buffer.from(`entry ${n}`));
/** Hashing 70,000 entries takes a second; each test gets a copy of its own to tamper with. */
const made = new Map<number, TileLog>();
function logOf(size: number): TileLog {
  const known = made.get(size) ?? tileLog(leavesOf(size), signer, origin);
  made.set(size, known);
  const files = new Map([...known.files].map(([path, bytes]) => [path, new Uint8Array(bytes)]));
  const copy: TileLog = {
    files,
    note: known.note,
    checkpoint: async () => copy.note,
    read: async (path) => files.get(path),
  };
  return copy;
}
const noteOf = (size: number): string => logOf(size).note ?? "";

const verdict = (log: TileLog, pinned: readonly string[] = []) => verifyTiles(log, { verifier, pinned });

async function verdictAfter(tamper: (log: TileLog) => void, size = 70_000) {
  const log = logOf(size);
  tamper(log);
  return verdict(log);
}

function change(log: TileLog, path: string, at: number): void {
  const bytes = log.files.get(path);
  if (bytes === undefined) throw new Error(`there is no ${path}`);
  bytes.set([(bytes[at] ?? 0) ^ 1], at);
}

test("one byte changed in a bundle is found, and the entry named", async () => {
  // Entries 512 and up have 9 bytes, after a length of 2.
  const result = await verdictAfter((log) => change(log, "tile/entries/002", 11 * 7 + 4), 1_000);
  expect(result).toEqual({
    kind: "broken",
    index: 519,
    problem: "Entry 519 was changed, dropped or moved: it has not the hash that the log gives it.",
  });
});

test("one byte changed in a tile of leaf hashes is found, and the entry named", async () => {
  const result = await verdictAfter((log) => change(log, "tile/0/001", 32 * 3), 1_000);
  expect(result).toMatchObject({ kind: "broken", index: 259 });
});

test("one byte changed in an upper tile is found, and its 256 entries named", async () => {
  const result = await verdictAfter((log) => change(log, "tile/1/001.p/17", 32 * 2));
  expect(result).toMatchObject({
    index: 66_048,
    problem:
      "tile/1/001.p/17 was hashed over other entries: one from 66048 to 66303 was changed, dropped or moved.",
  });
  expect(await verdictAfter((log) => change(log, "tile/2/000.p/1", 0))).toMatchObject({ index: 0 });
});

test("any file that is gone is found, and named", async () => {
  for (const [path, index] of [
    ["tile/entries/001", 256],
    ["tile/0/003.p/232", 768],
    ["tile/1/000.p/3", 0],
  ] as const) {
    const result = await verdictAfter((log) => log.files.delete(path), 1_000);
    expect(result).toEqual({ kind: "broken", index, problem: `${path} is missing.` });
  }
});

test("an entry dropped from a bundle is found where the rest moved up", async () => {
  const other = tileLog(leavesOf(1_000).toSpliced(300, 1), signer, origin);
  const result = await verdictAfter((log) => {
    log.files.set("tile/entries/001", other.files.get("tile/entries/001") ?? new Uint8Array());
  }, 1_000);
  expect(result).toMatchObject({ kind: "broken", index: 300 });
});

test("entries and hashes written anew without the log key fail at the checkpoint", async () => {
  const log = tileLog(leavesOf(1_000).toSpliced(300, 1, Buffer.from("forged")), signer, origin);
  log.note = noteOf(1_000);
  expect(await verdict(log)).toMatchObject({
    kind: "broken",
    index: 0,
    problem: expect.stringContaining("not those that the published checkpoint was signed over") as string,
  });
  expect(await verdict(log, [noteOf(200), noteOf(290)])).toMatchObject({ index: 290 });
});

test("a log that was cut and signed again is found by whoever kept a checkpoint, and by nobody else", async () => {
  expect(await verdict(logOf(900))).toMatchObject({ kind: "verified" });
  expect(await verdict(logOf(900), [noteOf(1_000)])).toEqual({
    kind: "broken",
    index: 900,
    problem:
      "The published log has 900 entries; the kept checkpoint covers 1000. Entries 900 to 999 are missing: the log was cut.",
  });
});

test("a log that was written anew and signed with the stolen key is found by whoever kept a checkpoint", async () => {
  const forged = tileLog(leavesOf(1_000).toSpliced(300, 1, Buffer.from("forged")), signer, origin);
  expect(await verdict(forged)).toMatchObject({ kind: "verified" });
  expect(await verdict(forged, [noteOf(250), noteOf(500)])).toMatchObject({ kind: "broken", index: 250 });
  // Two checkpoints of one size that differ are proof of a fork, whatever the log says now.
  expect(await verdict(forged, [noteOf(500), forged.note ?? ""])).toMatchObject({ kind: "broken" });
});

test("a checkpoint that somebody else signed, of another log, or none at all is not believed", async () => {
  const stranger = newLogSigner(origin);
  expect(await verdict(tileLog(leavesOf(3), stranger, origin))).toMatchObject({
    index: undefined,
    problem: "The published checkpoint cannot be believed: no known key has signed it.",
  });
  expect(await verdictAfter((log) => Object.assign(log, { note: undefined }), 3)).toMatchObject({
    problem: "There is no checkpoint here, so nothing vouches for anything.",
  });
  expect(await verdict(logOf(3), ["nonsense"])).toMatchObject({
    problem: "The kept checkpoint cannot be believed: it is not a signed note.",
  });
});

test("a file that is no bundle and no tile is found", async () => {
  const garbage = Buffer.from("garbage");
  for (const path of ["tile/entries/000.p/3", "tile/0/000.p/3"]) {
    const result = await verdictAfter((log) => log.files.set(path, garbage), 3);
    expect(result).toMatchObject({ index: 0, problem: `${path} is not a file of a log.` });
  }
});

test("an untouched log verifies at every size, with the checkpoints that were kept", async () => {
  for (const size of [1, 255, 256, 257, 2_049, 70_000]) {
    const log = logOf(size);
    expect(await verdict(log, [noteOf(1)])).toMatchObject({
      kind: "verified",
      origin,
      entries: size,
      checkpoints: 2,
      tiles: log.files.size,
    });
  }
});

test("a partial tile may be gone once the full one is there", async () => {
  const log = logOf(300);
  for (const path of ["tile/entries/001.p/44", "tile/0/001.p/44", "tile/1/000.p/1"]) log.files.delete(path);
  const longer = logOf(70_000);
  for (const path of ["tile/entries/001", "tile/0/001", "tile/1/000"]) {
    log.files.set(path, longer.files.get(path) ?? new Uint8Array());
  }
  expect(await verdict(log)).toMatchObject({ kind: "verified", entries: 300 });
});
