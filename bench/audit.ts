import { createHash, createHmac } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AuditStore,
  type EntryCursor,
  type EntryFilter,
  type EntryPage,
  openAuditLog,
  verifyLog,
} from "#audit";
import { openLogKey } from "#keys";
import { systemClock } from "#lib/clock";
import { emptyFrontier, extend, hashLeaf } from "#tlog";
import { openDatabase, openDatabaseForReading } from "../src/storage/sqlite/index.ts";
import { auditStore, type Database } from "../src/storage/stores/index.ts";
import { keysOf } from "../test/fakes/key-provider.ts";
import { buildLog, databaseIn, macKey, origin, timeOf } from "./audit-log.ts";
import { type Figure, median } from "./figure.ts";

const large = 1_000_000;
const small = 10_000;

/** What a log of a million entries costs, in units of a log of ten thousand or of bare hashing. Says on stderr how far it is. */
export async function measureAudit(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
  try {
    const [largeLog, smallLog] = [join(folder, "large"), join(folder, "small")];
    await build(smallLog, small);
    await build(largeLog, large);
    return [
      ...(await measurePages(smallLog, largeLog)),
      ...(await measureVerification(largeLog)),
      ...(await measureAppends(smallLog, largeLog)),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function build(folder: string, entries: number): Promise<void> {
  mkdirSync(folder);
  const started = performance.now();
  await buildLog(folder, entries, (done) => say(`${done} of ${entries} entries written`));
  say(`a log of ${entries} entries written in ${Math.round((performance.now() - started) / 1000)} s`);
}

function say(what: string): void {
  process.stderr.write(`${what}\n`);
}

interface Question {
  readonly what: string;
  readonly filter: EntryFilter;
  readonly before?: EntryCursor;
}

const session = `ses_${"7".padStart(32, "0")}`;
const resource = "projects/acme/buckets/bucket-0/objects/object-7";

/** Each filter alone, some together, and places deep in the log; all of them fill a page of either log but where it is said. */
const questions: readonly Question[] = [
  { what: "everything", filter: {} },
  { what: "time", filter: { from: timeOf(2_000), to: timeOf(8_000) } },
  { what: "principal", filter: { principal: "person-7@example.com" } },
  { what: "agent", filter: { agent: "codex" } },
  { what: "session", filter: { session } },
  { what: "exchange (two entries)", filter: { exchange: `exc_${"77".padStart(32, "0")}` } },
  { what: "operation", filter: { operation: "compute.instances.list" } },
  { what: "resource", filter: { resource } },
  { what: "class", filter: { class: "secret_read" } },
  { what: "decision", filter: { decision: "allow" } },
  { what: "status", filter: { status: 409 } },
  { what: "kind", filter: { kind: "exchange.outcome" } },
  {
    what: "principal and operation",
    filter: { principal: "person-7@example.com", operation: "storage.objects.get" },
  },
  { what: "session and class", filter: { session, class: "read" } },
  { what: "agent and class", filter: { agent: "codex", class: "secret_read" } },
  { what: "class and kind", filter: { class: "write", kind: "exchange.outcome" } },
  {
    what: "operation and time",
    filter: { operation: "storage.objects.insert", from: timeOf(2_000), to: timeOf(8_000) },
  },
  {
    what: "operation and a rare decision (a thousand looked at)",
    filter: { operation: "storage.objects.get", decision: "policy_denied" },
  },
  {
    what: "class, after the 5,000th entry",
    filter: { class: "read" },
    before: { t: timeOf(5_000), index: 5_000 },
  },
];
const pageEntries = 50;
const rounds = 151;

/** Both logs in turns, so that whatever else the machine does meets both. */
async function measurePages(smallLog: string, largeLog: string): Promise<Figure[]> {
  const [one, other] = await Promise.all(
    [smallLog, largeLog].map((folder) => openDatabaseForReading(databaseIn(folder))),
  );
  if (one === undefined || other === undefined) throw new Error("two logs were opened");
  const figures: Figure[] = [];
  let slowest = 0;
  for (const question of questions) {
    const [ofSmall, ofLarge]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      ofSmall.push(await timed(() => page(auditStore(one), question)));
      ofLarge.push(await timed(() => page(auditStore(other), question)));
    }
    slowest = Math.max(slowest, median(ofLarge));
    figures.push({
      what: `a page by ${question.what}`,
      value: median(ofLarge) / median(ofSmall),
      unit: "×",
      bound: 2,
    });
  }
  await Promise.all([one.close(), other.close()]);
  return [...figures, { what: `the slowest of these pages, ${large} entries`, value: slowest, unit: "ms" }];
}

async function page(store: AuditStore, { what, filter, before }: Question): Promise<EntryPage> {
  const found = await store.findEntries({ filter, before, limit: pageEntries });
  if (found.entries.length === 0) throw new Error(`nothing was found by ${what}`);
  return found;
}

/** Milliseconds. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Everything that verification has to hash, hashed and nothing else, from memory; then the verifications themselves. */
async function measureVerification(folder: string): Promise<Figure[]> {
  const database = await openDatabaseForReading(databaseIn(folder));
  const store = auditStore(database);
  const bare = await hashEverything(store);
  const { verifierKey } = await openLogKey(join(folder, "log.key"), origin);
  say("verifying");
  const full = await timed(async () => {
    const verification = await verifyLog(store, { verifierKey });
    if (verification.kind !== "verified") throw new Error(verification.problem);
  });
  await database.close();
  const start = await timed(async () => {
    await (await openLog(folder)).close();
  });
  return [
    { what: `hashing leaves and tree of ${large} entries`, value: bare.treeMs / 1000, unit: "s" },
    {
      what: "the same with the keyed digests of attachments",
      value: (bare.treeMs + bare.digestsMs) / 1000,
      unit: "s",
    },
    { what: "full verification", value: full / 1000, unit: "s" },
    {
      what: "full verification in units of the same hashes",
      value: full / (bare.treeMs + bare.digestsMs),
      unit: "×",
      bound: 3,
    },
    { what: "opening the log, as every start does", value: start / 1000, unit: "s" },
    { what: "the same in units of hashing leaves and tree", value: start / bare.treeMs, unit: "×" },
  ];
}

async function hashEverything(store: AuditStore): Promise<{ treeMs: number; digestsMs: number }> {
  say("hashing");
  let [treeMs, digestsMs] = [0, 0];
  let frontier = emptyFrontier;
  for (let from = 0; from < large; from += groupEntries) {
    const entries = await store.entries(from, groupEntries);
    const attachments = await store.attachments(from, from + groupEntries);
    treeMs += await timed(async () => {
      for (const { leaf } of entries) frontier = extend(frontier, hashLeaf(leaf));
    });
    digestsMs += await timed(async () => {
      for (const { bytes = emptyBytes } of attachments)
        createHmac("sha256", macKey).update(commitmentHead).update(bytes).digest();
    });
  }
  return { treeMs, digestsMs };
}

const groupEntries = 5_000;
const emptyBytes = new Uint8Array();
const commitmentHead = `detail\nrec_${"0".repeat(32)}\n`;

/** As the server opens it; nothing is published behind our back. */
async function openLog(folder: string) {
  const database = await openDatabase(databaseIn(folder));
  const store = auditStore(database);
  const log = await openAuditLog({
    store,
    keys: keysOf(store),
    signer: await openLogKey(join(folder, "log.key"), origin),
    clock: systemClock,
    timer: { after: () => () => undefined },
    onFailed: (error) => say(error.message),
  });
  return {
    close: async () => {
      await log.close();
      await database.close();
    },
  };
}

const writers = 32;
const appendsOfRound = writers * 20;
const appendRounds = 9;

/** Durable appends of 32 writers: into a million entries, into ten thousand, and there without what makes them findable. */
async function measureAppends(smallLog: string, largeLog: string): Promise<Figure[]> {
  say("appending");
  const bareLog = `${smallLog}-bare`;
  cpSync(smallLog, bareLog, { recursive: true });
  const databases = await Promise.all(
    [smallLog, bareLog, largeLog].map((folder) => openDatabase(databaseIn(folder))),
  );
  const [indexed, bare, grown] = databases;
  if (indexed === undefined || bare === undefined || grown === undefined)
    throw new Error("three logs were opened");
  await dropListingIndexes(bare);
  const times = new Map<Database, number[]>(databases.map((database) => [database, []]));
  for (let round = 0; round < appendRounds; round += 1) {
    for (const [database, ms] of times) ms.push((await timed(() => appendMany(database))) / appendsOfRound);
  }
  await Promise.all(databases.map((database) => database.close()));
  const of = (database: Database): number => median(times.get(database) ?? []);
  return [
    { what: `one of ${writers} writers' durable appends, ${small} entries`, value: of(indexed), unit: "ms" },
    {
      what: "the same in units of appends without the search indexes",
      value: of(indexed) / of(bare),
      unit: "×",
    },
    { what: `the same at ${large} entries in units of ${small}`, value: of(grown) / of(indexed), unit: "×" },
  ];
}

async function dropListingIndexes(database: Database): Promise<void> {
  const indexes = await database.read(
    "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'audit_listing'",
  );
  await database.write(indexes.map(({ name }) => ({ sql: `DROP INDEX ${String(name)}`, values: [] })));
}

async function appendMany(database: Database): Promise<void> {
  const store = auditStore(database);
  let left = appendsOfRound;
  const write = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const stored = await store.append(appended(left));
      if (stored.kind !== "stored") throw new Error("an append was refused");
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
}

function appended(n: number) {
  const t = systemClock.now().toISOString();
  const common = {
    kind: "exchange.intent",
    t,
    session,
    exchange: `exc_${n}`,
    operation: "storage.objects.get",
  };
  const leaf = Buffer.from(
    JSON.stringify({ v: 1, id: `rec_${n}`, ...common, class: "read", decision: "allow" }),
  );
  const about = { principal: `person-${n % 40}@example.com`, agent: "cursor", resource };
  const attachments = [{ role: "detail", bytes: Buffer.alloc(220, n) }];
  return { leaf, leafHash: createHash("sha256").update(leaf).digest(), attachments, about };
}
