import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { hashLeaf } from "#tlog";
import { readingWith } from "../../../test/fakes/entry-reader-parts.ts";
import { fakeKeyProvider, keysOf } from "../../../test/fakes/key-provider.ts";
import { newLogSigner } from "../../../test/fakes/log-signer.ts";
import { manualClock } from "../../../test/fakes/manual-clock.ts";
import { manualTimer } from "../../../test/fakes/manual-timer.ts";
import { type MemoryAuditStore, memoryAuditStore } from "../../../test/fakes/memory-audit-store.ts";
import { macOf } from "../data-key.ts";
import { DataKeys } from "../data-keys.ts";
import type { NewEntry } from "../entry.ts";
import { openEntryReader } from "../entry-reader.ts";
import { encodeLeaf } from "../leaf.ts";
import { openAuditLog } from "../log.ts";
import { type LogVerification, verifyLog } from "./verify.ts";

const signer = newLogSigner();
const { verifierKey } = signer;
const provider = fakeKeyProvider();

async function openLog(store: MemoryAuditStore) {
  const timer = manualTimer();
  const keys = keysOf(store, provider);
  const parts = { store, keys, signer, clock: manualClock(), timer, onFailed: () => undefined };
  return openAuditLog(parts);
}

/** Entry 1 of session 1, entry 2 of session 2; each with a detail and a recording. */
async function recorded(): Promise<MemoryAuditStore> {
  const store = memoryAuditStore();
  const log = await openLog(store);
  for (const n of [1, 2])
    await log.append({
      kind: "session.opened",
      sessionId: `ses_${n}`,
      detail: { resource: "b/o" },
      attachments: [{ role: "request", bytes: Buffer.from(`request ${n}`), isTruncated: false }],
    });
  await log.close();
  return store;
}

const verified = (
  store: MemoryAuditStore,
  keys = new DataKeys(store, [provider]),
): Promise<LogVerification> => verifyLog(store, { verifierKey, keys });

function destroy(store: MemoryAuditStore, sessionId: string, index: number): void {
  store.dataKeys.set(sessionId, { kind: "erased" });
  store.keys.set(sessionId, undefined);
  store.beside = store.beside.map((each) => (each.index === index ? { ...each, bytes: undefined } : each));
}

async function shred(store: MemoryAuditStore, sessionId: string): Promise<void> {
  const log = await openLog(store);
  await log.append({
    kind: "key.shred",
    sessionId,
    decision: "erasure",
    detail: { reason: "asked for", requestedBy: "one@example.com", confirmedBy: "two@example.com" },
    isKeptFromErasure: true,
  });
  await log.close();
}

test("dropping, exchanging or destroying a key does not hide a changed attachment", async () => {
  const after = async (tamper: (store: MemoryAuditStore) => void) => {
    const store = await recorded();
    tamper(store);
    return verified(store);
  };
  expect(await after(({ dataKeys }) => dataKeys.delete("ses_1"))).toMatchObject({
    problem: "The detail of entry 1 is there, but the key to check it is missing.",
  });
  expect(await after(({ dataKeys }) => dataKeys.set("ses_1", { kind: "erased" }))).toMatchObject({
    problem: "The detail of entry 1 was erased, and no entry says so.",
  });
  const forged = { kind: "wrapped", by: "fake", bytes: randomBytes(60) } as const;
  expect(await after(({ dataKeys }) => dataKeys.set("ses_1", forged))).toMatchObject({
    problem: expect.stringContaining("cannot be opened, because its key was changed") as string,
  });
});

test("without keys the ciphertext is still held against the entries, and one changed byte is found", async () => {
  const store = await recorded();
  expect(await verified(store, new DataKeys(store, []))).toMatchObject({
    kind: "verified",
    attachments: 0,
    unopenedAttachments: 4,
    unopenedBecause: "The key of ses_1 is wrapped by fake.",
  });
  store.beside[1]?.bytes?.fill(7, 20, 21);
  expect(await verified(store, new DataKeys(store, []))).toMatchObject({
    problem: "The request of entry 1 was changed.",
  });
});

test("a key provider that is away is asked once for each key, however much is sealed with it", async () => {
  const store = await recorded();
  const away = { ...provider, calls: 0 };
  away.unwrap = () => {
    away.calls += 1;
    return Promise.reject(new GatehouseError("key_provider_unavailable", "It is away."));
  };
  const verification = await verified(store, new DataKeys(store, [away]));
  expect(verification).toMatchObject({ kind: "verified", attachments: 0, unopenedAttachments: 4 });
  expect(away.calls).toBe(2);
});

test("another provider's name or another wrapping key beside a wrapped key hides nothing in silence", async () => {
  const store = await recorded();
  const wrapped = store.dataKeys.get("ses_1");
  if (wrapped?.kind !== "wrapped") throw new Error("a key was kept");
  store.dataKeys.set("ses_1", { ...wrapped, by: "google_kms:projects/p" });
  expect(await verified(store)).toMatchObject({
    kind: "broken",
    index: 1,
    problem: expect.stringContaining(
      "was wrapped by fake, and is said to be wrapped by google_kms",
    ) as string,
  });
  // Bytes that nobody here wrapped: somebody else may have, or they were destroyed. That is counted, and said.
  store.dataKeys.set("ses_1", { kind: "wrapped", by: "google_kms:projects/p", bytes: randomBytes(60) });
  expect(await verified(store)).toMatchObject({
    kind: "verified",
    hasKeys: true,
    details: { asCommitted: 1, erased: 0, notOpened: 1 },
    recordings: { asCommitted: 1, erased: 0, notOpened: 1 },
    unopenedBecause: "The key of ses_1 is wrapped by google_kms:projects/p.",
  });
});

test("an erasure that is on record does not explain what was recorded after it and is gone", async () => {
  const store = await recorded();
  destroy(store, "ses_1", 1);
  await shred(store, "ses_1");
  store.dataKeys.delete("ses_1");
  const log = await openLog(store);
  await log.append({ kind: "session.stopped", sessionId: "ses_1", detail: { by: "operator" } });
  await log.close();
  destroy(store, "ses_1", 4);
  expect(await verified(store)).toMatchObject({
    kind: "broken",
    index: 4,
    problem: "The detail of entry 4 was erased, and the entry that would say so, 3, is older than it.",
  });
});

test("an erasure that somebody wrote into the database by hand is said to be signed by nobody", async () => {
  const store = await recorded();
  destroy(store, "ses_1", 1);
  const forged: NewEntry = { kind: "key.shred", sessionId: "ses_1", decision: "erasure" };
  const leaf = encodeLeaf(forged, { id: "rec_9", at: new Date(0), keyId: undefined, commitments: [] });
  await store.append({ leaf, leafHash: hashLeaf(leaf), attachments: [], about: {} });
  expect(await verified(store)).toMatchObject({
    kind: "verified",
    breaches: [{ code: "erased_unasked" }, { code: "erased_by_one" }],
    undecided: [
      {
        index: 3,
        problem:
          "Entry 3 says that ses_1 was erased, and nobody has signed that: it is under no checkpoint yet.",
      },
    ],
  });
});

test("a second attachment under a role that the entry has already is found", async () => {
  const store = await recorded();
  store.beside.push({ index: 1, role: "request", bytes: Buffer.from("planted") });
  expect(await verified(store)).toMatchObject({ problem: "Entry 1 has two attachments of one role." });
});

test("of an attachment that was changed and an entry on a later page that was, the first is told", async () => {
  const store = memoryAuditStore();
  const log = await openLog(store);
  for (let n = 0; n < 600; n += 1)
    await log.append({ kind: "session.opened", sessionId: "ses_1", detail: { n } });
  await log.close();
  store.stored = store.stored.map((each) =>
    each.index === 590 ? { ...each, leaf: Buffer.from("{}") } : each,
  );
  expect(await verified(store)).toMatchObject({ kind: "broken", index: 590 });
  store.beside = store.beside.map((each) =>
    each.index === 3 ? { ...each, bytes: Buffer.from("forged") } : each,
  );
  expect(await verified(store)).toMatchObject({ kind: "broken", index: 3 });
});

test("an attachment moved to another entry is found, with its key and without", async () => {
  for (const keys of [[provider], []]) {
    const store = await recorded();
    const [one, other] = [store.beside[1]?.bytes, store.beside[3]?.bytes];
    store.beside = store.beside.map((each, n) =>
      n === 1 ? { ...each, bytes: other } : n === 3 ? { ...each, bytes: one } : each,
    );
    expect(await verified(store, new DataKeys(store, keys))).toMatchObject({
      problem: "The request of entry 1 was changed.",
    });
  }
});

test("an erasure that no entry tells of is found", async () => {
  const store = await recorded();
  destroy(store, "ses_2", 2);
  await shred(store, "ses_1");
  expect(await verified(store)).toMatchObject({
    problem: "The detail of entry 2 was erased, and no entry says so.",
  });
});

test("a key that came back after its erasure is found", async () => {
  const store = await recorded();
  await shred(store, "ses_1");
  expect(await verified(store)).toMatchObject({
    index: 3,
    problem: "Entry 3 says that the recordings of ses_1 were erased; their key is there again.",
  });
});

test("an erased session verifies, and it is told which, by whom, why and when", async () => {
  const store = await recorded();
  destroy(store, "ses_1", 1);
  await shred(store, "ses_1");
  const erasure = {
    sessionId: "ses_1",
    index: 3,
    at: "2026-11-24T12:00:00.000Z",
    cause: "erasure",
    reason: "asked for",
    requestedBy: "one@example.com",
    confirmedBy: "two@example.com",
  };
  expect(await verified(store)).toMatchObject({
    kind: "verified",
    attachments: 3,
    erasedAttachments: 2,
    erasures: [erasure],
  });
  const nobody = { reason: undefined, requestedBy: undefined, confirmedBy: undefined };
  expect(await verified(store, new DataKeys(store, []))).toMatchObject({
    kind: "verified",
    erasures: [{ ...erasure, ...nobody }],
  });
  expect(await openEntryReader(store, readingWith(keysOf(store, provider))).show(1)).toMatchObject({
    detail: undefined,
    attachments: [{ state: "erased" }, { state: "erased" }],
    erasure,
  });
});

test("an erasure under way, its key gone and its bytes not yet, verifies", async () => {
  const store = await recorded();
  store.dataKeys.set("ses_1", { kind: "erased" });
  await shred(store, "ses_1");
  expect(await verified(store)).toMatchObject({ kind: "verified", erasedAttachments: 2 });
});

/** As versions before sealing wrote it: in clear, with a digest under a key in clear. */
async function appendInClear(store: MemoryAuditStore, text: string): Promise<void> {
  const key = randomBytes(32);
  store.keys.set("ses_9", key);
  const [id, bytes] = ["rec_9", Buffer.from(text)];
  const mac = macOf(key, { recordId: id, role: "detail" }, bytes).toString("base64url");
  const leaf = encodeLeaf(
    { kind: "exchange.intent", sessionId: "ses_9" },
    {
      id,
      at: new Date(0),
      keyId: "ses_9",
      commitments: [{ role: "detail", bytes: bytes.length, mac }],
    },
  );
  await store.append({ leaf, leafHash: hashLeaf(leaf), attachments: [{ role: "detail", bytes }], about: {} });
}

test("what an earlier version wrote in clear stays readable and verifiable, and its changes are found", async () => {
  const store = await recorded();
  await appendInClear(store, '{"resource":"old"}');
  await (await openLog(store)).close();
  expect(await verified(store)).toMatchObject({ kind: "verified", attachments: 5 });
  const reader = openEntryReader(store, readingWith(keysOf(store, provider)));
  expect((await reader.show(3))?.detail).toBe('{"resource":"old"}');
  store.beside = store.beside.map((each) =>
    each.index === 3 ? { ...each, bytes: Buffer.from('{"resource":"new"}') } : each,
  );
  expect(await verified(store)).toMatchObject({ problem: "The detail of entry 3 was changed." });
  // No version erased anything before there were entries for it: whatever is gone was taken.
  destroy(store, "ses_9", 3);
  expect(await verified(store)).toMatchObject({
    kind: "broken",
    index: 3,
    problem: "The detail of entry 3 was erased, and no entry says so.",
  });
});
