import { expect, test } from "vitest";
import type { ArchiveStore } from "#archive";

/** What every store of archived sizes keeps to. */
export function archiveStoreContract(engine: string, open: () => Promise<ArchiveStore>): void {
  const at = new Date("2026-11-28T12:00:00Z");

  test(`${engine}: nothing is archived until somebody says so, and each place has a size of its own`, async () => {
    const store = await open();
    expect([await store.sizeAt("s3://a"), await store.largestSize()]).toEqual([0, 0]);
    await store.reached("s3://a", 5, at);
    await store.reached("gs://b", 9, at);
    expect([await store.sizeAt("s3://a"), await store.sizeAt("gs://b"), await store.largestSize()]).toEqual([
      5, 9, 9,
    ]);
  });

  test(`${engine}: an archived size never goes back`, async () => {
    const store = await open();
    for (const size of [5, 8, 6]) await store.reached("s3://a", size, at);
    expect(await store.sizeAt("s3://a")).toBe(8);
  });
}
