import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LogPins } from "#agent";
import { archive, s3Bucket } from "#archive";
import { openPublishedLog } from "#audit";
import { runCommandLine } from "#cli";
import { systemClock } from "#lib/clock";
import { createEgress, type Egress } from "#lib/egress";
import { Secret } from "#lib/secret";
import { formatAddCheckpoint, type NoteSigner, parseVerifierKey } from "#tlog";
import { openWitness, type Witness, WitnessFolder } from "#witness";
import { addAuditCommands } from "../../src/cli/local/audit.ts";
import { openDatabaseForReading } from "../../src/storage/sqlite/index.ts";
import { auditStore } from "../../src/storage/stores/index.ts";
import { bucketKeys } from "../fakes/bucket.ts";
import { type FakeLockedBucket, startFakeLockedBucket } from "../fakes/locked-bucket.ts";
import { newCosigner } from "../fakes/log-signer.ts";
import { memoryArchiveStore } from "../fakes/memory-archive-store.ts";
import { fakeTerminal } from "../fakes/terminal.ts";
import { buildGoVerifier } from "./foreign-tools.ts";
import { goSaysCosigned } from "./foreign-witness.ts";
import { type DataFolder, dataFolder, newFolder, temporaryFolder } from "./log-under-test.ts";
import { changed, leavesOf, replaceLog, sizeOf } from "./tile-folder.ts";

// A log whose tail was cut and which was signed again with the stolen key is sound in itself. What catches it stands elsewhere:
// a witness, a checkpoint that somebody kept, the write-once copy. And that copy is itself tampered with.
const go = buildGoVerifier();
if (go.missing !== undefined) console.log(`skipped: Go on cosignatures: ${go.missing}`);
const witnessKey = newCosigner("witness.example/w1");
let folder: string;
let log: DataFolder;
let exported: string;
let bucket: FakeLockedBucket;
let egress: Egress;
let witness: Witness;
let home: string;
const sizes = { kept: 0, newest: 0 };
const matrix: string[] = ["", "a cut log, signed again with the stolen key"];

beforeAll(async () => {
  folder = newFolder();
  log = await dataFolder(folder);
  bucket = await startFakeLockedBucket();
  egress = createEgress({ allowLoopback: true });
  const verifier = parseVerifierKey(log.signer.verifierKey);
  witness = openWitness({
    signer: witnessKey,
    logs: verifier === undefined ? [] : [verifier],
    folder: new WitnessFolder(join(folder, "witness")),
    clock: systemClock,
    onContradiction: () => undefined,
    onProofRefused: () => undefined,
  });
  writeFileSync(join(folder, "witness.vkey"), `${witnessKey.verifierKey}\n`);
  await log.grow(500);
  await everybodyLooks();
  writeFileSync(join(folder, "kept.checkpoint"), await cosignedCheckpoint());
  sizes.kept = sizeOfNote(await log.newestCheckpoint());
  await log.grow(400);
  await everybodyLooks();
  exported = join(folder, "exported");
  await log.exportTo(exported);
  writeFileSync(join(exported, "checkpoint"), await cosignedCheckpoint());
  sizes.newest = sizeOf(exported);
  home = join(folder, "home");
  new LogPins(join(home, ".config", "gatehouse", "log-pins")).replace(undefined, {
    server: "https://gatehouse.example.com",
    verifierKey: log.signer.verifierKey,
    checkpoint: await log.newestCheckpoint(),
    seenAt: "2026-11-28T12:00:00.000Z",
  });
});
afterAll(async () => {
  go.close();
  await egress.close();
  await bucket.close();
  rmSync(folder, { recursive: true });
  console.log(matrix.join("\n"));
});

const sizeOfNote = (note: string): number => Number(note.split("\n")[1]);
const lines = new Map<number, string>();
let witnessed = 0;

/** The newest checkpoint goes to the witness, and everything to the archive. */
async function everybodyLooks(): Promise<void> {
  const database = await openDatabaseForReading(join(folder, "gatehouse.db"));
  const published = openPublishedLog(auditStore(database), async (size) => [lines.get(size) ?? ""]);
  const grown = await published.consistency(witnessed);
  if (grown === undefined) throw new Error("the log cannot show how it grew");
  const request = formatAddCheckpoint({
    oldSize: witnessed,
    proof: grown.proof,
    checkpoint: grown.checkpoint,
  });
  const answer = witness.addCheckpoint(request);
  if (answer.status !== 200) throw new Error(`the witness answered ${answer.status}`);
  witnessed = sizeOfNote(grown.checkpoint);
  lines.set(witnessed, answer.lines);
  const verifier = parseVerifierKey(log.signer.verifierKey);
  if (verifier === undefined) throw new Error("the log's key does not parse");
  const store = memoryArchiveStore();
  await archive({ bucket: archiveBucket(), log: published, verifier, store, clock: systemClock });
  await database.close();
}

async function cosignedCheckpoint(): Promise<string> {
  const note = await log.newestCheckpoint();
  return note + (lines.get(sizeOfNote(note)) ?? "");
}

function archiveBucket() {
  const keys = () => ({ ...bucketKeys, secretAccessKey: new Secret(bucketKeys.secretAccessKey) });
  const where = {
    endpoint: new URL(bucket.url),
    bucket: "archive",
    region: "eu-west-1",
    dialect: "s3",
  } as const;
  return s3Bucket({ ...where, keys, egress, clock: systemClock }, "log/");
}

/** `gatehouse audit verify …`, as an auditor with a key to the bucket. */
async function verify(...words: readonly string[]): Promise<string> {
  const environment = {
    HOME: home,
    GATEHOUSE_ARCHIVE_ENDPOINT: bucket.url,
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: bucketKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: bucketKeys.secretAccessKey,
  };
  const terminal = fakeTerminal({ environment });
  const all = ["audit", "verify", ...words, "--key", join(folder, "log.vkey")];
  const status = await runCommandLine(all, { version: "0.1.0", localCommands: [addAuditCommands] }, terminal);
  terminal.remove();
  const said = terminal.stdout.join("\n");
  if (status === 0 && said.includes("  junk  ")) return "ok, but junk";
  if (status === 0 && said.includes("written over")) return "ok, but written over";
  return status === 0 ? "ok" : status === 7 ? said : `exit ${status}: ${terminal.stderr.join("\n")}`;
}

function note(title: string, verdict: string): void {
  const line = verdict.replace(/\s+/g, " ").trim();
  matrix.push(`  ${title.padEnd(50)} ${line.length > 140 ? `${line.slice(0, 140)}…` : line}`);
}

/** The tail is gone, the rest is signed by the log's own key, and every older cosignature is at hand. */
function cutLog(size = sizes.newest - 150, by: NoteSigner = log.signer): string {
  const victim = join(temporaryFolder(), "log");
  cpSync(exported, victim, { recursive: true });
  replaceLog(victim, leavesOf(victim).slice(0, size), by);
  return victim;
}

const witnessWords = (): string[] => ["--witness", join(folder, "witness.vkey")];

test("the whole log satisfies everybody", async () => {
  expect(await verify(exported, ...witnessWords(), "--witnessed-within", "1h", "--pin")).toBe("ok");
  expect(await verify("s3://archive/log", ...witnessWords())).toBe("ok");
  expect(await verify(exported, "--against", "s3://archive/log")).toBe("ok");
});

test("a cut log, signed again, is sound to whoever has nothing but the key", async () => {
  const verdict = await verify(cutLog());
  note("gatehouse, with nothing but the key", verdict);
  expect(verdict).toBe("ok");
});

test("a cut log is caught by its witness", async () => {
  const victim = cutLog();
  const asExported = await verify(victim, ...witnessWords());
  note("gatehouse --witness", asExported);
  expect(asExported).toMatch(/NOT VERIFIED: witness\.example\/w1 has not cosigned the checkpoint of size/);
  // The cosignatures of larger and of smaller checkpoints, put below the new one.
  const forged = readFileSync(join(victim, "checkpoint"), "utf8");
  writeFileSync(join(victim, "checkpoint"), forged + [...lines.values()].join(""));
  const withOld = await verify(victim, ...witnessWords());
  note("gatehouse --witness, old cosignatures pasted", withOld);
  expect(withOld).toMatch(/NOT VERIFIED: The checkpoint: the cosignature of witness\.example\/w1 is wrong/);
});

test("a log cut back to a cosigned checkpoint is caught by its age, and by every kept checkpoint", async () => {
  const victim = cutLog(sizes.kept);
  writeFileSync(join(victim, "checkpoint"), readFileSync(join(folder, "kept.checkpoint")));
  expect(await verify(victim, ...witnessWords())).toBe("ok");
  const aged = await verify(victim, ...witnessWords(), "--witnessed-within", "0s");
  note("gatehouse --witnessed-within, cut to an old state", aged);
  expect(aged).toMatch(/NOT VERIFIED: witness\.example\/w1 last saw this log at/);
  expect(await verify(victim, "--pin")).toMatch(/NOT VERIFIED at entry \d+/);
});

test.skipIf(go.missing !== undefined)("a cut log is caught by Go's note with the witness's key", async () => {
  const files = { logKey: join(folder, "log.vkey"), witnessKey: join(folder, "witness.vkey") };
  expect(goSaysCosigned(go, { ...files, checkpoint: join(exported, "checkpoint") })).toBe("ok");
  const verdict = goSaysCosigned(go, { ...files, checkpoint: join(cutLog(), "checkpoint") });
  note("Go's note, with the witness's key", verdict);
  expect(verdict).toMatch(/FAILED: witness\.example\/w1 has not cosigned it/);
});

test("the witness does not cosign the cut log, whatever it is told", async () => {
  const checkpoint = readFileSync(join(cutLog(), "checkpoint"), "utf8");
  const answers = [0, sizeOfNote(checkpoint), sizes.newest].map((oldSize) =>
    witness.addCheckpoint(formatAddCheckpoint({ oldSize, proof: [], checkpoint })),
  );
  note("the witness, asked to cosign it", answers.map(({ status }) => status).join(", "));
  expect(answers.map(({ status }) => status)).toEqual([409, 409, 400]);
});

test("a cut log is caught by a kept checkpoint, a run's pin, and the archive", async () => {
  const victim = cutLog();
  const kept = join(folder, "newest.checkpoint");
  writeFileSync(kept, await log.newestCheckpoint());
  for (const words of [["--pinned", kept], ["--pin"], ["--against", "s3://archive/log"]]) {
    const verdict = await verify(victim, ...words);
    note(`gatehouse ${words[0]}`, verdict);
    expect(verdict).toMatch(/NOT VERIFIED at entry \d+: .*the log was cut/s);
  }
});

const bundle = "log/tile/entries/002";
const tamperings: readonly (readonly [string, () => void])[] = [
  ["one byte of an entry changed", () => bucket.replaceFirst(bundle, (bytes) => changed(bytes))],
  [
    "an entry dropped",
    () => bucket.replaceFirst(bundle, (bytes) => bytes.subarray(2 + bytes.readUInt16BE(0))),
  ],
  [
    "two entries swapped",
    () =>
      bucket.replaceFirst(bundle, (bytes) => {
        const first = 2 + bytes.readUInt16BE(0);
        const second = first + 2 + bytes.readUInt16BE(first);
        return Buffer.concat([
          bytes.subarray(first, second),
          bytes.subarray(0, first),
          bytes.subarray(second),
        ]);
      }),
  ],
  ["a bundle gone", () => bucket.replaceFirst(bundle, () => undefined)],
];

for (const [title, tamper] of tamperings) {
  test(`the bucket copy with ${title} is not verified, and the place is named`, async () => {
    const before = new Map(bucket.versions);
    tamper();
    const verdict = await verify("s3://archive/log");
    note(`bucket copy, ${title}`, verdict);
    expect(verdict).toMatch(/NOT VERIFIED at entry 512:/);
    bucket.versions.clear();
    for (const [key, versions] of before) bucket.versions.set(key, versions);
  });
}

test("what is laid over an object of the bucket later changes nothing, and is told of", async () => {
  bucket.overwrite(bundle, Buffer.from("another bundle"));
  expect(await verify("s3://archive/log")).toBe("ok, but written over");
});

test("an old checkpoint that a stranger put under a larger size is named as junk, and accuses nobody", async () => {
  bucket.overwrite("log/checkpoints/9999999999999999", Buffer.from(await log.newestCheckpoint()));
  const verdict = await verify("s3://archive/log");
  note("bucket copy, a stranger's checkpoint in it", verdict);
  expect(verdict).toBe("ok, but junk");
  expect(await verify(exported, "--against", "s3://archive/log")).toBe("ok");
});
