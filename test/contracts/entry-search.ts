import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { About, AuditStore, EntryFilter } from "#audit";

interface Members {
  readonly t: string;
  readonly [name: string]: string | number;
}

const at = (minute: number): string => `2026-11-24T12:${String(minute).padStart(2, "0")}:00.000Z`;

async function append(store: AuditStore, members: Members, about: About = {}): Promise<void> {
  const leaf = Buffer.from(JSON.stringify({ kind: "exchange.intent", ...members }));
  const leafHash = createHash("sha256").update(leaf).digest();
  const result = await store.append({ leaf, leafHash, attachments: [], about });
  if (result.kind !== "stored") throw new Error(result.why);
}

/** Ten entries, a minute apart but for the last, whose clock had gone back. */
async function fill(store: AuditStore): Promise<void> {
  await store.create("a.example/log");
  for (let n = 0; n < 9; n += 1) {
    await append(
      store,
      {
        t: at(n),
        session: `ses_${n % 2}`,
        exchange: `exc_${n}`,
        operation: n % 3 === 0 ? "storage.objects.get" : "compute.instances.delete",
        class: n % 3 === 0 ? "read" : "destructive",
        decision: n === 4 ? "deny" : "allow",
        status: n === 5 ? 404 : 200,
      },
      { principal: n < 5 ? "a@example.com" : "b@example.com", agent: "cursor", resource: `r/${n % 4}` },
    );
  }
  await append(store, { t: at(2), kind: "server.start" });
}

/** What whoever lists entries needs of any store. */
export function entrySearchContract(name: string, open: () => Promise<AuditStore>): void {
  const contract = (sentence: string, check: (store: AuditStore) => Promise<void>): void => {
    test(`${name}: ${sentence}`, async () => {
      const store = await open();
      await fill(store);
      await check(store);
    });
  };
  const found = async (store: AuditStore, filter: EntryFilter): Promise<number[]> =>
    (await store.findEntries({ filter, limit: 100 })).entries.map(({ index }) => index);

  contract("entries come newest first by time, and by place where times are equal", async (store) => {
    expect(await found(store, {})).toEqual([8, 7, 6, 5, 4, 3, 9, 2, 1, 0]);
  });

  contract("every filter finds what fits and nothing else, alone and together", async (store) => {
    expect(await found(store, { principal: "a@example.com" })).toEqual([4, 3, 2, 1, 0]);
    expect(await found(store, { agent: "cursor", kind: "exchange.intent" })).toHaveLength(9);
    expect(await found(store, { resource: "r/1" })).toEqual([5, 1]);
    expect(await found(store, { session: "ses_1" })).toEqual([7, 5, 3, 1]);
    expect(await found(store, { exchange: "exc_3" })).toEqual([3]);
    expect(await found(store, { operation: "storage.objects.get" })).toEqual([6, 3, 0]);
    expect(await found(store, { class: "destructive", principal: "b@example.com" })).toEqual([8, 7, 5]);
    expect(await found(store, { decision: "deny" })).toEqual([4]);
    expect(await found(store, { status: 404 })).toEqual([5]);
    expect(await found(store, { kind: "server.start" })).toEqual([9]);
    expect(await found(store, { status: 404, decision: "deny" })).toEqual([]);
    expect(await found(store, { principal: "c@example.com" })).toEqual([]);
  });

  contract("a time is in from its beginning and out at its end, whatever else is asked", async (store) => {
    expect(await found(store, { from: at(2), to: at(4) })).toEqual([3, 9, 2]);
    expect(await found(store, { from: at(2), to: at(4), agent: "cursor" })).toEqual([3, 2]);
    expect(await found(store, { from: at(2), to: at(4), operation: "storage.objects.get" })).toEqual([3]);
  });

  contract("pages go on where the one before ended, without repeating or losing an entry", async (store) => {
    for (const filter of [{}, { agent: "cursor" }, { class: "destructive" }]) {
      const all = await found(store, filter);
      const seen: number[] = [];
      let before: { t: string; index: number } | undefined;
      do {
        const page = await store.findEntries({ filter, before, limit: 2 });
        seen.push(...page.entries.map(({ index }) => index));
        before = page.next;
      } while (before !== undefined);
      expect(seen).toEqual(all);
    }
  });

  contract("what an entry is about comes with it, and its bytes as they are", async (store) => {
    const [entry] = (await store.findEntries({ filter: { exchange: "exc_3" }, limit: 1 })).entries;
    expect(entry?.about).toEqual({ principal: "a@example.com", agent: "cursor", resource: "r/3" });
    expect(JSON.parse(Buffer.from(entry?.leaf ?? []).toString())).toMatchObject({ exchange: "exc_3" });
    expect(
      (await store.findEntries({ filter: { kind: "server.start" }, limit: 1 })).entries[0]?.about,
    ).toEqual({});
  });

  contract("what is asked for is a value, never a piece of a question", async (store) => {
    expect(await found(store, { principal: "' OR 1=1 --", agent: "cursor" })).toEqual([]);
    expect(await found(store, { resource: "r/%" })).toEqual([]);
  });

  contract(
    "what an agent calls things does not stop the log, however long or odd it is, and is found",
    async (store) => {
      // Not compressible, as an attacker would make it.
      const long = randomBytes(6_000).toString("base64");
      for (const resource of [long, "a\0b", "\u{1F511}".repeat(700), "half a pair: \uD800"]) {
        await append(store, { t: at(30) }, { principal: resource, agent: resource, resource });
        expect(await found(store, { resource }), resource.slice(0, 20)).toHaveLength(1);
        expect(await found(store, { agent: resource, principal: resource })).toHaveLength(1);
      }
    },
  );
}
