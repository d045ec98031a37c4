import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { AuditStore, NewDataKey } from "#audit";

const note = (text: string): string => `${text}\n`;
const hashOf = (leaf: Uint8Array): Uint8Array => createHash("sha256").update(leaf).digest();

interface Members {
  readonly kind?: string;
  readonly session?: string;
  readonly exchange?: string;
}

function entryOf(members: Members, attachments: readonly { role: string; bytes: Uint8Array }[] = []) {
  const leaf = Buffer.from(JSON.stringify(members), "utf8");
  return { leaf, leafHash: hashOf(leaf), attachments, about: {} };
}

const newDataKey = (keyId: string): NewDataKey => ({
  keyId,
  scope: "session",
  wrapped: randomBytes(60),
  by: "file",
  at: new Date("2026-11-24T12:00:00.000Z"),
});

async function append(store: AuditStore, members: Members, detail?: string): Promise<number> {
  const attachments = detail === undefined ? [] : [{ role: "detail", bytes: Buffer.from(detail) }];
  const result = await store.append(entryOf(members, attachments));
  if (result.kind !== "stored") throw new Error(result.why);
  return result.index;
}

/** What the audit log needs of any store. `open` gives an empty one; `test/contracts` closes it. */
export function auditStoreContract(name: string, open: () => Promise<AuditStore>): void {
  const contract = (sentence: string, check: (store: AuditStore) => Promise<void>): void => {
    test(`${name}: ${sentence}`, async () => check(await open()));
  };

  contract("a store without a log says so", async (store) => {
    expect(await store.head()).toBeUndefined();
    expect(await store.entries(0, 10)).toEqual([]);
    expect(await store.newestCheckpoint()).toBeUndefined();
    expect(await store.macKey("ses_1")).toEqual({ kind: "missing" });
  });

  contract("a log keeps the origin it was created with", async (store) => {
    await store.create("first.example/log");
    await store.create("second.example/log");
    expect(await store.head()).toEqual({ origin: "first.example/log", size: 0 });
  });

  contract("entries get the indexes 0, 1, 2, … whatever is appended at once", async (store) => {
    await store.create("a.example/log");
    const indexes = await Promise.all(
      Array.from({ length: 100 }, (_, n) => append(store, { kind: `n${n}` })),
    );
    expect(indexes.sort((one, other) => one - other)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(await store.head()).toEqual({ origin: "a.example/log", size: 100 });
  });

  contract("an entry comes back byte for byte, with its hash", async (store) => {
    await store.create("a.example/log");
    const leaf = Buffer.from('{"kind":"ü\u2028"}', "utf8");
    await store.append({ leaf, leafHash: hashOf(leaf), attachments: [], about: {} });
    const [entry] = await store.entries(0, 1);
    expect(entry?.index).toBe(0);
    expect(Buffer.from(entry?.leaf ?? []).equals(leaf)).toBe(true);
    expect(Buffer.from(entry?.leafHash ?? []).equals(hashOf(leaf))).toBe(true);
  });

  contract("entries are read in order, from a place, up to a limit", async (store) => {
    await store.create("a.example/log");
    for (let n = 0; n < 7; n += 1) await append(store, { kind: `n${n}` });
    expect((await store.entries(2, 3)).map(({ index }) => index)).toEqual([2, 3, 4]);
    expect((await store.entries(6, 3)).map(({ index }) => index)).toEqual([6]);
    expect(await store.entries(7, 3)).toEqual([]);
  });

  contract("what is kept beside entries comes back byte for byte, also when it is empty", async (store) => {
    await store.create("a.example/log");
    const large = randomBytes(300_000);
    await store.append(
      entryOf({ kind: "a" }, [
        { role: "request", bytes: large },
        { role: "answer", bytes: new Uint8Array() },
      ]),
    );
    await append(store, { kind: "b" }, "{}");
    const kept = await store.attachments(0, 1);
    expect(kept.map(({ index, role }) => `${index} ${role}`)).toEqual(["0 answer", "0 request"]);
    expect(kept[0]?.bytes?.byteLength).toBe(0);
    expect(Buffer.from(kept[1]?.bytes ?? []).equals(large)).toBe(true);
    expect((await store.attachments(0, 2)).length).toBe(3);
  });

  contract("checkpoints come back in the order of signing, the newest by itself", async (store) => {
    await store.create("a.example/log");
    const signedAt = new Date("2026-11-24T12:00:00.000Z");
    for (const size of [1, 1, 5]) await store.addCheckpoint({ size, note: note(`size ${size}`), signedAt });
    const all = await store.checkpoints(0, 10);
    expect(all.map(({ size }) => size)).toEqual([1, 1, 5]);
    expect(await store.checkpoints(all[0]?.number ?? 0, 1)).toEqual([all[1]]);
    expect(await store.newestCheckpoint()).toEqual(all[2]);
    expect(all[2]).toMatchObject({ note: note("size 5"), signedAt });
  });

  contract("the first key kept under a name stays, whoever asks later or at once", async (store) => {
    const keep = () => store.keepDataKey(newDataKey("ses_1"));
    const kept = await Promise.all(Array.from({ length: 10 }, keep));
    expect(
      new Set(
        kept.map((each) => (each.kind === "wrapped" ? Buffer.from(each.bytes).toString("hex") : each.kind)),
      ).size,
    ).toBe(1);
    expect(await store.dataKey("ses_1")).toEqual(await keep());
    expect(await store.dataKey("ses_1")).toMatchObject({ kind: "wrapped", by: "file" });
    expect(await store.dataKey("ses_2")).toEqual({ kind: "missing" });
  });

  contract(
    "an intent is unfinished until an outcome, an abort, a refusal or an unknown end follows",
    async (store) => {
      await store.create("a.example/log");
      for (const exchange of ["exc_1", "exc_2", "exc_3", "exc_4", "exc_5", "exc_6"]) {
        await append(store, { kind: "exchange.intent", exchange });
      }
      await append(store, { kind: "exchange.outcome", exchange: "exc_1" });
      await append(store, { kind: "exchange.aborted", exchange: "exc_2" });
      await append(store, { kind: "outcome.unknown", exchange: "exc_3" });
      await append(store, { kind: "exchange.refused", exchange: "exc_4" });
      await append(store, { kind: "approval.decided", exchange: "exc_5" });
      await append(store, { kind: "exchange.outcome", exchange: "exc_7" });
      expect((await store.unfinishedIntents()).map(({ index }) => index)).toEqual([4, 5]);
    },
  );

  contract("an end that came before the intent does not finish it", async (store) => {
    await store.create("a.example/log");
    await append(store, { kind: "exchange.refused", exchange: "exc_1" });
    await append(store, { kind: "exchange.intent", exchange: "exc_1" });
    expect((await store.unfinishedIntents()).map(({ index }) => index)).toEqual([1]);
  });

  contract("exchanges are found by id, by session and by age, with their details", async (store) => {
    await store.create("a.example/log");
    await append(store, { kind: "server.start" });
    for (const n of [1, 2, 3]) {
      await append(
        store,
        { kind: "exchange.intent", session: `ses_${n % 2}`, exchange: `exc_${n}` },
        `"${n}"`,
      );
    }
    await append(store, { kind: "exchange.outcome", session: "ses_1", exchange: "exc_1" });
    const of = async (query: Parameters<AuditStore["exchangeEntries"]>[0]): Promise<number[]> =>
      (await store.exchangeEntries(query)).map(({ index }) => index);
    expect(await of({ exchangeId: "exc_1" })).toEqual([1, 4]);
    expect(await of({ exchangeId: "exc_9" })).toEqual([]);
    expect(await of({ sessionId: "ses_1", limit: 10 })).toEqual([1, 3, 4]);
    expect(await of({ sessionId: "ses_1", limit: 1 })).toEqual([3]);
    expect(await of({ sessionId: undefined, limit: 2 })).toEqual([2, 3]);
    expect(await of({ sessionId: "ses_1", before: "exc_3", limit: 10 })).toEqual([1, 4]);
    expect(await of({ sessionId: "ses_1", before: "exc_1", limit: 10 })).toEqual([]);
    expect(await of({ before: "exc_3", limit: 1 })).toEqual([2]);
    const [entry, outcome] = await store.exchangeEntries({ exchangeId: "exc_1" });
    expect(Buffer.from(entry?.detail ?? []).toString()).toBe('"1"');
    expect(outcome?.detail).toBeUndefined();
  });
}
