import { expect, test, vi } from "vitest";
import { openEntryReader } from "#audit";
import { temporaryDatabase } from "../../test/contracts/temporary-database.ts";
import { custodyUnderTest, person } from "../../test/fakes/custody-under-test.ts";
import { readingWith } from "../../test/fakes/entry-reader-parts.ts";
import { auditStore } from "../storage/stores/index.ts";
import { earliestDue, type Keep, keptDays } from "./keep.ts";

const keep: Keep = { defaultDays: 365, daysByClass: { read: 30, write: 90 } };
const dayMs = 24 * 60 * 60 * 1000;
const hourMs = 60 * 60 * 1000;

async function opened(policy?: Keep) {
  const database = await temporaryDatabase();
  const under = await custodyUnderTest(database, policy);
  const erased = async (...ids: string[]): Promise<boolean[]> =>
    Promise.all(ids.map((id) => under.store.isErased(id)));
  /** Lets an hour pass, and what happens in it end. */
  const look = async (): Promise<void> => {
    await vi.waitFor(() => expect(under.timer.waiting).toBeGreaterThan(1));
    under.timer.pass(hourMs);
    await vi.waitFor(() => expect(under.timer.waiting).toBeGreaterThan(1));
  };
  return { ...under, database, erased, look };
}

test("without a policy everything is kept for ever", async () => {
  const { session, clock, look, erased } = await opened();
  await session("ses_1");
  clock.pass(10_000 * dayMs);
  await look();
  expect(await erased("ses_1")).toEqual([false]);
});

test("a session under a hold is kept, whatever the policy says, until the hold is released", async () => {
  const under = await opened(keep);
  await under.session("ses_1");
  const set = await under.custody.setHold(person("first"), { sessionId: "ses_1" }, "lawsuit");
  if (set.kind === "refused") throw new Error(set.code);
  under.clock.pass(31 * dayMs);
  await under.look();
  expect(await under.erased("ses_1")).toEqual([false]);
  const asked = await under.custody.requestRelease(person("first"), set.hold.id, "over");
  if (asked.kind === "refused") throw new Error(asked.code);
  await under.custody.confirm(person("second"), asked.request.id);
  await under.look();
  expect(await under.erased("ses_1")).toEqual([true]);
});

test("a session is due when the longest time among the classes of its entries has passed since its end", async () => {
  const { session, log, clock, look, erased } = await opened(keep);
  await session("ses_read");
  await session("ses_both");
  await log.append({ kind: "exchange.outcome", sessionId: "ses_both", class: "write" });
  await session("ses_secret", { class: "secret_read" });
  const all = () => erased("ses_read", "ses_both", "ses_secret");
  clock.pass(30 * dayMs - 1);
  await look();
  expect(await all()).toEqual([false, false, false]);
  clock.pass(1);
  await look();
  expect(await all()).toEqual([true, false, false]);
  clock.pass(60 * dayMs);
  await look();
  expect(await all()).toEqual([true, true, false]);
  clock.pass(275 * dayMs);
  await look();
  expect(await all()).toEqual([true, true, true]);
});

test("retention is on record as what it is", async () => {
  const { session, clock, look, database, keys } = await opened(keep);
  await session("ses_1");
  clock.pass(31 * dayMs);
  await look();
  const reader = openEntryReader(auditStore(database), readingWith(keys));
  expect(await reader.erasureOf("ses_1")).toMatchObject({ cause: "retention", reason: "retention" });
  expect((await reader.show(2))?.detail).toContain('"keptDays":30');
});

test("the longest of the classes counts, and the default for whatever is not named", () => {
  expect(keptDays(keep, [])).toBe(365);
  expect(keptDays(keep, ["read"])).toBe(30);
  expect(keptDays(keep, ["read", "write"])).toBe(90);
  expect(keptDays(keep, ["read", "destructive"])).toBe(365);
  expect(keptDays({ defaultDays: 1, daysByClass: { read: 30 } }, ["read", "write"])).toBe(30);
  expect(earliestDue(keep, new Date(40 * dayMs))).toEqual(new Date(10 * dayMs));
});
