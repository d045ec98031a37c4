import { expect, test } from "vitest";
import type { SpentAssertions } from "#identity";
import type { ManualClock } from "../fakes/manual-clock.ts";
import { manualClock } from "../fakes/manual-clock.ts";

/** What every store of spent assertions keeps, whatever engine it stands on. */
export function spentAssertionsContract(
  engine: string,
  open: (clock: ManualClock) => Promise<SpentAssertions>,
): void {
  const start = "2026-01-01T00:00:00.000Z";
  const until = new Date("2026-01-01T00:05:00.000Z");

  test(`${engine}: an assertion is spent once`, async () => {
    const store = await open(manualClock(start));
    expect([
      await store.spend("a", until),
      await store.spend("a", until),
      await store.spend("b", until),
    ]).toEqual([true, false, true]);
  });

  test(`${engine}: of many who spend one assertion at once exactly one does`, async () => {
    const store = await open(manualClock(start));
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => store.spend("a", until)));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
  });

  test(`${engine}: an assertion is remembered for as long as it could count`, async () => {
    const clock = manualClock(start);
    const store = await open(clock);
    await store.spend("a", until);
    clock.pass(300_000);
    expect(await store.spend("a", until)).toBe(false);
    clock.pass(1);
    await store.spend("b", new Date("2026-01-01T00:10:00.000Z"));
    // Forgotten: whoever shows it now is refused for its age before anybody asks here.
    expect(await store.spend("a", new Date("2026-01-01T00:10:00.000Z"))).toBe(true);
  });
}
