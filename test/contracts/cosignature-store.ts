import { expect, test } from "vitest";
import type { CosignatureStore, StoredCosignature } from "#witness";

const at = new Date("2026-11-28T12:00:00Z");
const cosignature = (
  size: number,
  cosigner: string,
  line = `— ${cosigner} ${size}\n`,
): StoredCosignature => ({
  size,
  cosigner,
  line,
  at,
});

/** What every store of cosignatures keeps to. */
export function cosignatureStoreContract(engine: string, open: () => Promise<CosignatureStore>): void {
  test(`${engine}: what was never cosigned has no cosignatures`, async () => {
    const store = await open();
    expect([await store.of(1), await store.newestOf("w"), await store.largestSize()]).toEqual([
      [],
      undefined,
      0,
    ]);
  });

  test(`${engine}: several witnesses cosign one checkpoint, and each is found`, async () => {
    const store = await open();
    for (const each of [cosignature(5, "w2"), cosignature(5, "w1"), cosignature(9, "w1")])
      await store.keep(each);
    expect(await store.of(5)).toEqual([cosignature(5, "w1"), cosignature(5, "w2")]);
    expect(await store.newestOf("w1")).toEqual(cosignature(9, "w1"));
    expect(await store.newestOf("w2")).toEqual(cosignature(5, "w2"));
    expect(await store.largestSize()).toBe(9);
  });

  test(`${engine}: a later cosignature of the same checkpoint takes the place of the earlier`, async () => {
    const store = await open();
    await store.keep(cosignature(5, "w1"));
    const later = { ...cosignature(5, "w1", "— w1 later\n"), at: new Date("2026-11-28T13:00:00Z") };
    await store.keep(later);
    expect(await store.of(5)).toEqual([later]);
  });
}
