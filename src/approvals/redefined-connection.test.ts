import { expect, test } from "vitest";
import { asked, codeOf, deskUnderTest, stateOf, vote } from "../../test/fakes/desk-under-test.ts";

test("a connection that is redefined under its name takes the approvals that wait for it along, on record and with the reason", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  const waiting = on.desk.wait(id, { timeoutMs: 60_000, signal: new AbortController().signal });
  on.redefine("c2");
  await on.desk.withdrawStale();
  expect(await waiting).toMatchObject({ state: "cancelled", withdrawnBecause: "connection_changed" });
  expect(on.facts.at(-1)).toMatchObject({
    kind: "approval.expired",
    request: { id, state: "cancelled", withdrawnBecause: "connection_changed" },
  });
});

test("an approval for the connection as it was does not run through the one that got its name, nor is it voted on", async () => {
  const on = await deskUnderTest();
  const approved = await asked(on);
  await vote(on, approved.id);
  const pending = await asked(on, { matchKey: "delete other", resourceName: "b/other" });
  on.redefine("c2");
  expect(await on.desk.claim(approved.id, approved.fingerprint)).toEqual({
    kind: "refused",
    state: "cancelled",
  });
  expect(codeOf(await vote(on, pending.id))).toBe("not_pending");
});

test("an approval for a connection that is gone is worth nothing, also when one of that name comes back", async () => {
  const on = await deskUnderTest();
  const { id, fingerprint } = await asked(on);
  await vote(on, id);
  on.redefine(undefined);
  await on.desk.withdrawStale();
  on.redefine("c1");
  expect(await on.desk.claim(id, fingerprint)).toEqual({ kind: "refused", state: "cancelled" });
});

test("a connection that was redefined while no server ran takes its approvals along at the start", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  on.redefine("c2");
  const again = await on.restart();
  expect(await stateOf(again, id)).toBe("cancelled");
  expect(again.facts.map(({ kind, request }) => [kind, request.withdrawnBecause])).toEqual([
    ["approval.expired", "connection_changed"],
  ]);
});

test("a call that is sent again after its connection was redefined asks anew", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  on.redefine("c2");
  const again = await asked(on, { connectionVersion: "c2" });
  expect(again.id).not.toBe(id);
  expect([await stateOf(on, id), again.state]).toEqual(["cancelled", "pending"]);
});

test("what still stands is withdrawn by no change", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  await on.desk.withdrawStale();
  expect(await stateOf(on, id)).toBe("pending");
});

test("nobody who looks at what waits is asked about what would now run through another connection", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  on.redefine("c2");
  expect(await on.desk.list({ state: "pending" })).toEqual([]);
  expect(on.facts.at(-1)).toMatchObject({
    kind: "approval.expired",
    request: { id, state: "cancelled", withdrawnBecause: "connection_changed" },
  });
});
