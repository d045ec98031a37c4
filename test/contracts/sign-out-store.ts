import { expect, test } from "vitest";
import type { SignOutStore } from "#identity";
import { type ManualClock, manualClock } from "../fakes/manual-clock.ts";

const at = (time: string): Date => new Date(`2026-01-01T${time}.000Z`);

/** What every store of sign-outs keeps, whatever engine it stands on. */
export function signOutStoreContract(
  engine: string,
  open: (clock: ManualClock) => Promise<SignOutStore>,
): void {
  const contract = (
    sentence: string,
    check: (store: SignOutStore, clock: ManualClock) => Promise<void>,
  ): void => {
    test(`${engine}: ${sentence}`, async () => {
      const clock = manualClock(at("09:00:00").toISOString());
      await check(await open(clock), clock);
    });
  };

  contract("nobody is signed out who never was", async (store) => {
    expect(await store.endedAt(["all", "issuer a"])).toBeUndefined();
  });

  contract("the latest end of any scope counts, and an end never goes back", async (store) => {
    await store.end("issuer a", at("09:00:00"));
    await store.end("principal p", at("10:00:00"));
    await store.end("principal p", at("08:00:00"));
    expect(await store.endedAt(["all", "issuer a"])).toEqual(at("09:00:00"));
    expect(await store.endedAt(["issuer a", "principal p"])).toEqual(at("10:00:00"));
    expect(await store.endedAt(["principal q"])).toBeUndefined();
  });

  contract("a provider's session is somebody's until it is forgotten", async (store, clock) => {
    const session = { issuer: "https://a", sid: "1" };
    await store.remember(session, "ann", at("09:10:00"));
    await store.remember(session, "ann", at("09:20:00"));
    expect(await store.subjectOf(session)).toBe("ann");
    expect(await store.subjectOf({ issuer: "https://b", sid: "1" })).toBeUndefined();
    clock.pass(21 * 60_000);
    expect(await store.subjectOf(session)).toBeUndefined();
  });

  contract("a logout token is spent for as long as its age would let it count", async (store, clock) => {
    expect(await store.isSpent("a")).toBe(false);
    await store.spend("a", at("09:03:00"));
    await store.spend("a", at("09:03:00"));
    clock.pass(180_000);
    await store.spend("b", at("09:06:00"));
    expect([await store.isSpent("a"), await store.isSpent("b")]).toEqual([true, true]);
    clock.pass(1);
    await store.spend("c", at("09:06:00"));
    expect(await store.isSpent("a")).toBe(false);
  });
}
