import { hash } from "node:crypto";
import { DataKeys, startOpenerThread, verifyLog } from "#audit";
import { emptyFrontier, extend, hashLeaf } from "#tlog";
import { macOf } from "../../src/audit/data-key.ts";
import { auditStore, type Database } from "../../src/storage/stores/index.ts";
import { type Figure, say } from "../figure.ts";
import { type BuiltLog, type Custody, type Logs, openLog } from "./build-logs.ts";

/**
 * Verification of everything, attachments opened, in units of the hashes that it has to compute; then what every start does, in
 * units of those that it computes.
 */
export async function measureVerification(
  { engine, large }: Logs,
  custody: Custody,
): Promise<readonly Figure[]> {
  say(`${engine.name}: hashing and verifying`);
  const database = await large.place.openForReading();
  const hashing = await hashEverything(database, large.entries);
  const verifying = await timeVerification(database, large, custody);
  await database.close();
  const starting = await timeStart(large, custody);
  const figure = (what: string, value: number, unit: string): Figure => ({
    what: `${engine.name}: ${what}`,
    value,
    unit,
  });
  const { treeMs, digestsMs, keysMs } = hashing;
  const sameBytes = treeMs + digestsMs;
  return [
    figure(`hashing the leaves and the tree of ${large.entries} entries`, treeMs / 1000, "s"),
    figure("SHA-256 of their sealed details, keyed digests of the plain ones", digestsMs / 1000, "s"),
    figure("a keyed digest for each detail's own key", keysMs / 1000, "s"),
    figure("full verification (reads, parses, hashes, opens every detail)", verifying / 1000, "s"),
    { ...figure("full verification / all of these hashes", verifying / (sameBytes + keysMs), "×"), bound: 3 },
    figure("full verification / the same without the keys", verifying / sameBytes, "×"),
    figure("opening the log, as every start does (reads, hashes leaves and tree)", starting / 1000, "s"),
    figure("opening the log / hashing leaves and tree", starting / treeMs, "×"),
  ];
}

/** As `gatehouse audit verify` does it. Milliseconds; rejects when anything was left unopened. */
async function timeVerification(
  database: Database,
  { entries }: BuiltLog,
  { signer, provider }: Custody,
): Promise<number> {
  const store = auditStore(database);
  const { verifierKey } = signer;
  const started = performance.now();
  const opener = startOpenerThread();
  const verification = await verifyLog(store, { verifierKey, keys: new DataKeys(store, [provider]), opener });
  await opener.close();
  const tookMs = performance.now() - started;
  if (verification.kind !== "verified") throw new Error(verification.problem);
  const isWhole =
    verification.signedEntries === entries &&
    verification.attachments === entries &&
    verification.unopenedAttachments === 0;
  if (!isWhole) throw new Error("the verification did not open everything");
  return tookMs;
}

const pageEntries = 5_000;
const sealOverheadBytes = 24;

/** Milliseconds. */
interface Hashing {
  readonly treeMs: number;
  readonly digestsMs: number;
  readonly keysMs: number;
}

/**
 * From memory and nothing else: reading is not timed. The same functions that verification uses, over the same bytes; only the plain
 * details, which would have to be opened first, are as many bytes of their sealed form.
 */
async function hashEverything(database: Database, size: number): Promise<Hashing> {
  const store = auditStore(database);
  let [treeMs, digestsMs, keysMs] = [0, 0, 0];
  let frontier = emptyFrontier;
  for (let from = 0; from < size; from += pageEntries) {
    const entries = await store.entries(from, pageEntries);
    const attachments = await store.attachments(from, from + pageEntries);
    const details = attachments.map(({ bytes = noBytes }) => bytes);
    treeMs += timed(() => {
      for (const { leaf } of entries) frontier = extend(frontier, hashLeaf(leaf));
    });
    digestsMs += timed(() => {
      for (const sealed of details) hashDetail(sealed);
    });
    keysMs += timed(() => {
      for (const _ of details) macOf(someKey, somePlace, noBytes);
    });
  }
  return { treeMs, digestsMs, keysMs };
}

const noBytes = new Uint8Array();
const someKey = Buffer.alloc(32, 7);
const somePlace = { recordId: `rec_${"0".repeat(32)}`, role: "detail" };

function hashDetail(sealed: Uint8Array): void {
  hash("sha256", sealed, "buffer");
  macOf(someKey, somePlace, sealed.subarray(sealOverheadBytes));
}

/** Milliseconds. */
function timed(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

async function timeStart({ place }: BuiltLog, custody: Custody): Promise<number> {
  const database = await place.openForServing();
  const started = performance.now();
  const log = await openLog(database, custody);
  const startMs = performance.now() - started;
  await log.close();
  await database.close();
  return startMs;
}
