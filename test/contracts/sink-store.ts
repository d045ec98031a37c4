import { expect, test } from "vitest";
import type { AuditStore } from "#audit";
import type { SinkStore } from "#sinks";
import { hashLeaf } from "#tlog";

interface Stores {
  readonly audit: AuditStore;
  readonly sinks: SinkStore;
}

async function withEntries({ audit }: Stores, count: number): Promise<void> {
  await audit.create("gatehouse.example/log");
  for (let index = 0; index < count; index += 1) {
    const leaf = Buffer.from(
      JSON.stringify({ v: 1, kind: "log.open", id: `rec_${index}`, t: "2026-11-28T12:00:00.000Z" }),
    );
    await audit.append({
      leaf,
      leafHash: hashLeaf(leaf),
      attachments: [
        { role: "detail", bytes: Buffer.from(`{"n":${index}}`) },
        { role: "answer", bytes: Buffer.from("a recording") },
      ],
      about: index === 0 ? {} : { principal: "developer@example.com", resource: "b/one" },
    });
  }
}

/** What sinks may ask of every store, whatever engine it stands on. */
export function sinkStoreContract(engine: string, open: () => Promise<Stores>): void {
  test(`${engine}: only what a checkpoint covers is published`, async () => {
    const stores = await open();
    await withEntries(stores, 3);
    expect(await stores.sinks.publishedSize()).toBe(0);
    for (const size of [2, 3]) {
      await stores.audit.addCheckpoint({ size, note: `note ${size}`, signedAt: new Date(1_000) });
      expect(await stores.sinks.publishedSize()).toBe(size);
    }
  });

  test(`${engine}: entries come in order with their names, and with details only when asked`, async () => {
    const stores = await open();
    await withEntries(stores, 4);
    const plain = await stores.sinks.entries({ from: 0, to: 3 }, false);
    expect(plain.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(plain.map(({ about }) => about)).toEqual([
      {},
      { principal: "developer@example.com", resource: "b/one" },
      { principal: "developer@example.com", resource: "b/one" },
    ]);
    expect(plain.every(({ detail }) => detail === undefined)).toBe(true);
    const [detailed] = await stores.sinks.entries({ from: 2, to: 3 }, true);
    expect(Buffer.from(detailed?.detail ?? []).toString()).toBe('{"n":2}');
    expect(Buffer.from(detailed?.leafHash ?? [])).toEqual(
      Buffer.from(hashLeaf(detailed?.leaf ?? new Uint8Array(0))),
    );
    expect(await stores.sinks.entries({ from: 4, to: 9 }, true)).toEqual([]);
  });

  test(`${engine}: a cursor advances from where it is, and from nowhere else`, async () => {
    const { sinks } = await open();
    expect(await sinks.cursor("siem")).toBe(0);
    expect(await sinks.advance("siem", { from: 0, to: 5 })).toBe(true);
    expect(await sinks.advance("siem", { from: 0, to: 9 })).toBe(false);
    expect(await sinks.cursor("siem")).toBe(5);
    expect(await sinks.advance("siem", { from: 5, to: 6 })).toBe(true);
    expect([await sinks.cursor("siem"), await sinks.cursor("other")]).toEqual([6, 0]);
  });

  test(`${engine}: a cursor is moved wherever it was, back too`, async () => {
    const { sinks } = await open();
    await sinks.move("siem", 7);
    await sinks.move("siem", 2);
    expect(await sinks.cursor("siem")).toBe(2);
    expect(await sinks.advance("siem", { from: 7, to: 8 })).toBe(false);
  });
}
