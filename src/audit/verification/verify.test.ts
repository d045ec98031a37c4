import { expect, test } from "vitest";
import { emptyFrontier, extend, hashLeaf, rootOf, signCheckpoint } from "#tlog";
import { keysOf } from "../../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../../test/fakes/log-signer.ts";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../../test/fakes/manual-timer.ts";
import { type MemoryAuditStore, memoryAuditStore } from "../../../test/fakes/memory-audit-store.ts";
import { openAuditLog } from "../log.ts";
import { type LogVerification, verifyLog } from "./verify.ts";

const signer = newLogSigner();
const { verifierKey } = signer;

/** Log of 9 entries with three checkpoints beyond the first; entries 1, 3, 5, 7 carry a detail and a recording. */
async function recorded(): Promise<MemoryAuditStore> {
  const store = memoryAuditStore();
  for (const round of [0, 1]) {
    const timer = manualTimer();
    const log = await openAuditLog({
      store,
      keys: keysOf(store),
      signer,
      clock: manualClock(),
      timer,
      onFailed: () => undefined,
    });
    for (const n of [1, 2]) {
      const ids = { sessionId: "ses_1", exchangeId: `exc_${round}${n}` };
      await log.append({
        ...ids,
        kind: "exchange.intent",
        detail: { host: "storage.googleapis.com", resource: `projects/p/${round}${n}` },
        attachments: [{ role: "request", bytes: Buffer.from(`request ${round}${n}`), isTruncated: false }],
      });
      await log.append({ ...ids, kind: "exchange.outcome", status: 200 });
      timer.pass(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await log.close();
  }
  return store;
}

/** Somebody who owns the disk, and recomputes whatever can be recomputed without the log key. */
function rehash(store: MemoryAuditStore): void {
  store.stored = store.stored.map((entry, index) => ({ ...entry, index, leafHash: hashLeaf(entry.leaf) }));
  store.next = store.stored.length;
}

function swap<T>(list: T[], one: number, other: number): void {
  const [first, second] = [list[one], list[other]];
  if (first === undefined || second === undefined) throw new Error("nothing to swap");
  list[one] = second;
  list[other] = first;
}

/** Somebody who also has the log key: signs whatever the store now says. */
function resign(store: MemoryAuditStore, key = signer): void {
  const frontier = store.stored.reduce((tree, { leaf }) => extend(tree, hashLeaf(leaf)), emptyFrontier);
  const { size } = frontier;
  const note = signCheckpoint({ origin: "gateway.example/audit", size, root: rootOf(frontier) }, key);
  store.signed = [{ number: 1, size, note, signedAt: new Date(0) }];
}

async function verdictAfter(
  tamper: (store: MemoryAuditStore) => void,
  pinned?: string,
): Promise<LogVerification> {
  const store = await recorded();
  tamper(store);
  return verifyLog(store, {
    verifierKey,
    keys: keysOf(store),
    ...(pinned === undefined ? {} : { pinned: [pinned] }),
  });
}

test("one byte changed in any leaf is found, and the entry named", async () => {
  for (let index = 0; index < 9; index += 1) {
    const verdict = await verdictAfter(({ stored }) => stored[index]?.leaf.set([0x7e], 30));
    expect(verdict).toMatchObject({ kind: "broken", index });
  }
});

test("a changed leaf whose hash was changed with it is found at the next checkpoint", async () => {
  const verdict = await verdictAfter((store) => {
    store.stored[6]?.leaf.set([0x7e], 30);
    rehash(store);
  });
  expect(verdict).toMatchObject({ kind: "broken", index: 5 });
  expect(verdict.kind === "broken" && verdict.problem).toContain("an entry from 5 to 6 was changed");
});

test("a dropped entry is found, with the hole or with the rest moved up", async () => {
  expect(await verdictAfter(({ stored }) => stored.splice(4, 1))).toMatchObject({
    index: 4,
    problem: "Entry 4 is missing; the next one is 5.",
  });
  const moved = await verdictAfter((store) => {
    store.stored.splice(4, 1);
    rehash(store);
  });
  expect(moved).toMatchObject({ kind: "broken", index: 3 });
});

test("two entries that changed places are found", async () => {
  const verdict = await verdictAfter((store) => {
    swap(store.stored, 5, 6);
    rehash(store);
  });
  expect(verdict).toMatchObject({ kind: "broken", index: 5 });
});

test("an inserted entry is found", async () => {
  const verdict = await verdictAfter((store) => {
    const first = store.stored[0];
    if (first !== undefined) store.stored.splice(3, 0, first);
    rehash(store);
  });
  expect(verdict).toMatchObject({ kind: "broken", index: 3 });
});

test("a cut-off end is found by the checkpoints and by the head that it leaves behind", async () => {
  const withHead = await verdictAfter(({ stored, signed }) => {
    stored.splice(7);
    signed.splice(4);
  });
  expect(withHead).toMatchObject({ index: 7, problem: expect.stringContaining("covers 9") as string });
  const withCheckpoint = await verdictAfter((store) => {
    store.stored.splice(7);
    store.next = 7;
  });
  expect(withCheckpoint).toMatchObject({
    index: 7,
    problem: expect.stringContaining("Entries 7 to 8 are missing") as string,
  });
});

test("an end cut off with head and checkpoints is found by whoever holds an earlier checkpoint", async () => {
  const store = await recorded();
  const pinned = store.signed.at(-1)?.note ?? "";
  store.stored.splice(5);
  store.beside = store.beside.filter(({ index }) => index < 5);
  store.next = 5;
  store.signed = store.signed.filter(({ size }) => size <= 5);
  expect(await verifyLog(store, { verifierKey })).toMatchObject({ kind: "verified", containsPinned: false });
  expect(await verifyLog(store, { verifierKey, pinned: [pinned] })).toMatchObject({
    kind: "broken",
    index: 5,
    problem: "The log ends after 5 entries; the pinned checkpoint covers 9. Entries 5 to 8 are missing.",
  });
});

test("a log rewritten and signed again with the stolen log key is found by whoever holds an earlier checkpoint", async () => {
  const store = await recorded();
  const pinned = store.signed.find(({ size }) => size === 5)?.note ?? "";
  store.stored = store.stored.filter(({ index }) => index !== 2);
  store.beside = [];
  store.stored = store.stored.map((entry) => ({
    ...entry,
    leaf: Buffer.from('{"v":1,"kind":"x","id":"rec_1","t":"2026-11-24T12:00:00.000Z"}'),
  }));
  rehash(store);
  resign(store);
  expect(await verifyLog(store, { verifierKey })).toMatchObject({ kind: "verified" });
  expect(await verifyLog(store, { verifierKey, pinned: [pinned] })).toMatchObject({
    kind: "broken",
    problem: expect.stringContaining("not those that the pinned checkpoint was signed over") as string,
  });
});

test("a checkpoint that somebody else signed is found", async () => {
  const verdict = await verdictAfter((store) => resign(store, newLogSigner()));
  expect(verdict).toMatchObject({
    kind: "broken",
    problem: "The checkpoint 1 cannot be believed: no known key has signed it.",
  });
});

test("a checkpoint with a changed root, size or filing is found", async () => {
  const change = (from: RegExp, to: string) =>
    verdictAfter((store) => {
      store.signed = store.signed.map((each) =>
        each.number === 2 ? { ...each, note: each.note.replace(from, to) } : each,
      );
    });
  expect(await change(/\n\d+\n/, "\n7\n")).toMatchObject({ kind: "broken" });
  expect(await change(/\n[A-Za-z0-9+/]{4}/, "\nAAAA")).toMatchObject({ kind: "broken" });
  const misfiled = await verdictAfter((store) => {
    store.signed = store.signed.map((each) => (each.number === 2 ? { ...each, size: each.size + 1 } : each));
  });
  expect(misfiled).toMatchObject({ problem: "The checkpoint 2 is filed under size 4 but says 3." });
});

test("a log that shrank between two checkpoints is found", async () => {
  const verdict = await verdictAfter((store) => {
    const first = store.signed[0];
    if (first !== undefined) store.signed.push({ ...first, number: store.signed.length + 1 });
  });
  expect(verdict).toMatchObject({
    kind: "broken",
    problem: expect.stringContaining("the log shrank") as string,
  });
});

test("a log without any checkpoint proves nothing", async () => {
  expect(await verdictAfter((store) => store.signed.splice(0))).toMatchObject({
    kind: "broken",
    problem: "The log has no checkpoint, so nothing vouches for its entries.",
  });
});

test("one byte changed in an attachment is found, and entry and role named", async () => {
  const verdict = await verdictAfter(({ beside }) =>
    beside.find(({ role }) => role === "request")?.bytes?.set([0x7e], 0),
  );
  expect(verdict).toEqual({ kind: "broken", index: 1, problem: "The request of entry 1 was changed." });
});

test("attachments that changed places between two entries of a session are found", async () => {
  const verdict = await verdictAfter((store) => {
    store.beside = store.beside.map((each) => ({
      ...each,
      index: each.index === 1 ? 3 : each.index === 3 ? 1 : each.index,
    }));
  });
  expect(verdict).toMatchObject({ kind: "broken", index: 1, problem: "The detail of entry 1 was changed." });
});

test("an attachment that is gone without having been erased is found", async () => {
  expect(await verdictAfter(({ beside }) => beside.splice(0, 1))).toMatchObject({
    problem: "The detail of entry 1 is missing, and was not erased.",
  });
});

test("an attachment that no entry commits to is found", async () => {
  expect(
    await verdictAfter(({ beside }) =>
      beside.push({ index: 2, role: "answer", bytes: Buffer.from("planted") }),
    ),
  ).toMatchObject({ problem: 'Entry 2 has an attachment "answer" that it does not commit to.' });
  expect(
    await verdictAfter(({ beside }) =>
      beside.push({ index: 99, role: "answer", bytes: Buffer.from("planted") }),
    ),
  ).toMatchObject({ problem: 'There is an attachment "answer" of an entry 99 that does not exist.' });
});

test("another log, another key's log, and no log at all are told apart", async () => {
  const store = await recorded();
  const other = newLogSigner("other.example/log").verifierKey;
  expect(await verifyLog(store, { verifierKey: other })).toMatchObject({
    problem: 'This is the log "gateway.example/audit"; the key is for "other.example/log".',
  });
  expect(await verifyLog(memoryAuditStore(), { verifierKey })).toMatchObject({
    problem: "There is no log here.",
  });
  await expect(verifyLog(store, { verifierKey: "nonsense" })).rejects.toMatchObject({
    code: "verifier_key_invalid",
  });
  expect(await verifyLog(store, { verifierKey, pinned: ["nonsense"] })).toMatchObject({
    problem: "The pinned checkpoint cannot be believed: it is not a signed note.",
  });
});

test("an untouched log verifies, and says what was proven", async () => {
  const store = await recorded();
  const pinned = store.signed[1]?.note ?? "";
  expect(await verifyLog(store, { verifierKey, pinned: [pinned], keys: keysOf(store) })).toMatchObject({
    kind: "verified",
    origin: "gateway.example/audit",
    entries: 9,
    signedEntries: 9,
    checkpoints: store.signed.length,
    attachments: 8,
    erasedAttachments: 0,
    containsPinned: true,
  });
});

test("entries after the newest checkpoint are counted apart", async () => {
  expect(await verdictAfter(({ signed }) => signed.splice(3))).toMatchObject({
    kind: "verified",
    entries: 9,
    signedEntries: 5,
  });
});
