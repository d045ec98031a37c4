import { expect, test } from "vitest";
import { controlPlaneUnderTest } from "../../../test/fakes/control-plane-under-test.ts";
import { approver, auditor, developer, operator, outsider } from "../../../test/fakes/token-issuer.ts";

const siem = {
  name: "siem",
  kind: "webhook" as const,
  next: 40,
  lagEntries: 2,
  lagMs: 3_000,
  isLagging: false,
  failures: 1,
  problem: "it answered 503",
};
const cursor = "/api/v1/sinks/siem/cursor";
const json = { to: 41, reason: "the receiver refuses entry 40" };

async function underTest() {
  const under = await controlPlaneUnderTest();
  under.sinks = [siem];
  return under;
}

test("whoever is not an administrator sees no sink and moves none", async () => {
  const under = await underTest();
  for (const person of [developer, approver, auditor, outsider]) {
    const bearer = await under.bearer("console", person);
    expect((await under.call("GET", "/api/v1/sinks", { bearer })).statusCode).toBe(403);
    expect((await under.call("POST", cursor, { bearer, json })).statusCode).toBe(403);
  }
  const stored = await under.bearer("agent", operator);
  expect((await under.call("POST", cursor, { bearer: stored, json })).statusCode).toBe(403);
  expect([under.moved, under.audit.kinds()]).toEqual([[], []]);
});

test("a cursor does not move while that cannot be recorded", async () => {
  const under = await underTest();
  under.audit.on("sink.moved", () => Promise.reject(new Error("disk full")));
  const bearer = await under.bearer("console", operator);
  expect((await under.call("POST", cursor, { bearer, json })).statusCode).toBe(503);
  expect(under.moved).toEqual([]);
});

test("an administrator moves a cursor, and who, from where, to where and why is on record", async () => {
  const under = await underTest();
  const bearer = await under.bearer("console", operator);
  expect((await under.call("GET", "/api/v1/sinks", { bearer })).json()).toEqual({ sinks: [siem] });
  const moved = await under.call("POST", cursor, { bearer, json });
  expect(moved.json()).toEqual({ name: "siem", from: 40, to: 41 });
  expect(under.moved).toEqual([{ name: "siem", to: 41 }]);
  expect(under.audit.entries).toMatchObject([
    {
      kind: "sink.moved",
      detail: { sink: "siem", from: 40, to: 41, by: operator.email, reason: json.reason },
    },
  ]);
});

test.each([
  ["blanks", " \t\n "],
  ["characters that nobody sees", "\u200b\u202e\u0000"],
])("a reason of %s is no reason: nothing moves, and nothing is on record", async (_, reason) => {
  const under = await underTest();
  const bearer = await under.bearer("console", operator);
  const answer = await under.call("POST", cursor, { bearer, json: { ...json, reason } });
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ error: { code: "reason_needed" } });
  expect([under.moved, under.audit.kinds()]).toEqual([[], []]);
});

test("a reason that would drive the terminal of whoever reads the log is on record as one plain line", async () => {
  const under = await underTest();
  const bearer = await under.bearer("console", operator);
  const reason = "entry 40\n\u001b[2Jis \u202etoo large";
  expect((await under.call("POST", cursor, { bearer, json: { ...json, reason } })).statusCode).toBe(200);
  expect(under.audit.entries).toMatchObject([{ detail: { reason: "entry 40 [2Jis too large" } }]);
});

test("a sink or an entry that is not there leads to the list of sinks", async () => {
  const under = await underTest();
  const bearer = await under.bearer("console", operator);
  const answer = await under.call("POST", "/api/v1/sinks/other/cursor", { bearer, json });
  expect(answer.json()).toMatchObject({
    error: { code: "not_found", next: expect.stringContaining("gatehouse sinks list") as string },
  });
});

test.each([
  ["an unknown sink", "/api/v1/sinks/other/cursor", json, 404],
  ["an entry that is not there yet", cursor, { ...json, to: 43 }, 404],
  ["no reason", cursor, { to: 1 }, 400],
  ["no index", cursor, { ...json, to: -1 }, 400],
  ["no name", "/api/v1/sinks/..%2fx/cursor", json, 400],
])("%s moves nothing", async (_, path, body, status) => {
  const under = await underTest();
  const bearer = await under.bearer("console", operator);
  expect((await under.call("POST", path, { bearer, json: body })).statusCode).toBe(status);
  expect([under.moved, under.audit.kinds()]).toEqual([[], []]);
});
