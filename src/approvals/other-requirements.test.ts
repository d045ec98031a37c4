import { expect, test } from "vitest";
import { asked, deskUnderTest, requirement, stateOf, vote } from "../../test/fakes/desk-under-test.ts";

const byDay = [requirement()];
const byNight = [requirement(), requirement({ rule: "night", groups: ["security"], approvals: 2 })];

test("a call sent again when more people have to approve joins no request that asks fewer, approved or not, but asks anew", async () => {
  for (const isApproved of [false, true]) {
    const on = await deskUnderTest();
    const { id } = await asked(on, { requirements: byDay });
    if (isApproved) await vote(on, id);
    const again = await asked(on, { requirements: byNight });
    expect(again).toMatchObject({ state: "pending", requirements: byNight });
    expect(on.facts.find(({ request }) => request.state === "cancelled")).toMatchObject({
      kind: "approval.expired",
      request: { id, withdrawnBecause: "requirements_changed" },
    });
  }
});

test("a call sent again when fewer people have to approve joins the request that asks more", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on, { requirements: byNight });
  expect((await asked(on, { requirements: byDay })).id).toBe(id);
  expect(await stateOf(on, id)).toBe("pending");
});

test("a denial is not escaped by waiting for the hour at which other people are asked", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on, { requirements: byDay });
  await vote(on, id, { verdict: "deny" });
  expect(await asked(on, { requirements: byNight })).toMatchObject({ id, state: "denied" });
});
