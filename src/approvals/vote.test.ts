import { expect, test } from "vitest";
import { temporaryDatabase } from "../../test/contracts/temporary-database.ts";
import {
  approver,
  asked,
  codeOf,
  deskUnderTest,
  minute,
  person,
  requirement,
  stateOf,
  vote,
} from "../../test/fakes/desk-under-test.ts";
import { approvalStore } from "../storage/stores/index.ts";

test("an approver cannot approve their own request", async () => {
  const on = await deskUnderTest();
  const requester = person("developer", ["engineering", "sre"]);
  const { id } = await asked(on, { requester });
  expect(codeOf(await vote(on, id, { by: requester }))).toBe("own_request");
  expect(await stateOf(on, id)).toBe("pending");
});

test("the requester cannot approve through a second identity provider with the same e-mail", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  const twin = person("developer", ["sre"], {
    id: "id-twin",
    issuer: "https://other-idp.example.com",
    email: "Developer@Example.COM",
  });
  expect(codeOf(await vote(on, id, { by: twin }))).toBe("own_request");
});

test("somebody in none of the groups cannot decide, admin or not", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  for (const groups of [[], ["audit"], ["platform", "SRE"]]) {
    const outsider = person("outsider", groups);
    expect(codeOf(await vote(on, id, { by: outsider, verdict: "deny" }))).toBe("not_in_group");
  }
});

test("a sign-in that is not fresh decides nothing: an agent may have found the token", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on);
  expect(codeOf(await vote(on, id, { signedInAgoMs: 5 * minute + 1 }))).toBe("sign_in_not_fresh");
  expect(codeOf(await vote(on, id, { signedInAgoMs: -2 * minute }))).toBe("sign_in_not_fresh");
  expect(
    codeOf(await on.desk.vote(id, { approver, verdict: "approve", reason: undefined }, new Date(Number.NaN))),
  ).toBe("sign_in_not_fresh");
  expect(codeOf(await vote(on, id, { signedInAgoMs: 5 * minute }))).toBe("counted");
});

test("a request that does not exist, or is decided already, takes no votes", async () => {
  const on = await deskUnderTest();
  expect(codeOf(await vote(on, "apr_none"))).toBe("not_found");
  const { id } = await asked(on);
  await vote(on, id, { verdict: "deny" });
  expect(codeOf(await vote(on, id, { by: person("second", ["sre"]) }))).toBe("not_pending");
});

test("each person counts once, whichever identity they come with", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on, { requirements: [requirement({ approvals: 2 })] });
  expect(codeOf(await vote(on, id))).toBe("counted");
  expect(codeOf(await vote(on, id))).toBe("already_voted");
  const twin = person("approver", ["sre"], { id: "id-twin", issuer: "https://other-idp.example.com" });
  expect(codeOf(await vote(on, id, { by: twin }))).toBe("already_voted");
  expect(await stateOf(on, id)).toBe("pending");
  await vote(on, id, { by: person("second", ["sre"]) });
  expect(await stateOf(on, id)).toBe("approved");
});

test("the same person's hundred votes arriving together count once", async () => {
  const on = await deskUnderTest(approvalStore(await temporaryDatabase()));
  const { id } = await asked(on, { requirements: [requirement({ approvals: 2 })] });
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => vote(on, id)));
  expect(outcomes.filter(({ kind }) => kind === "counted")).toHaveLength(1);
  expect(await stateOf(on, id)).toBe("pending");
});

test("the first denial by somebody qualified ends it, whatever was approved before", async () => {
  const on = await deskUnderTest();
  const { id } = await asked(on, { requirements: [requirement({ approvals: 3 })] });
  await vote(on, id);
  await vote(on, id, { by: person("second", ["sre"]), verdict: "deny" });
  expect(await stateOf(on, id)).toBe("denied");
});

test("when several rules ask, all of them have to be satisfied, and the shortest clocks count", async () => {
  const on = await deskUnderTest();
  const requirements = [
    requirement({ decideWithinMs: 20 * minute, executeWithinMs: 9 * minute }),
    requirement({
      rule: "second",
      groups: ["security"],
      decideWithinMs: 40 * minute,
      executeWithinMs: 3 * minute,
    }),
  ];
  const request = await asked(on, { requirements });
  expect(request.decideBy).toEqual(new Date(on.clock.now().getTime() + 20 * minute));
  await vote(on, request.id);
  expect(await stateOf(on, request.id)).toBe("pending");
  await vote(on, request.id, { by: person("guard", ["security"]) });
  const approved = await on.desk.find(request.id);
  expect(approved).toMatchObject({
    state: "approved",
    executeBy: new Date(on.clock.now().getTime() + 3 * minute),
  });
});
