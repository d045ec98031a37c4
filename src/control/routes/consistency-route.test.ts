import { expect, test } from "vitest";
import { controlPlaneUnderTest } from "../../../test/fakes/control-plane-under-test.ts";
import { developer } from "../../../test/fakes/token-issuer.ts";

const path = "/api/v1/audit/consistency?from=";

test("whoever has no session learns nothing of how the log grew", async () => {
  const under = await controlPlaneUnderTest();
  under.consistent.set(3, { checkpoint: "note", proof: [] });
  expect((await under.call("GET", `${path}3`)).statusCode).toBe(401);
});

test.each(["", "-1", "01", "1.5", "x", "9999999999999999", "1&from=2", "1&more=1"])(
  "%j is no size to prove from",
  async (from) => {
    const under = await controlPlaneUnderTest();
    const bearer = await under.bearer("agent", developer);
    expect((await under.call("GET", path + from, { bearer })).statusCode).toBe(400);
  },
);

test("anybody with a session gets the newest checkpoint and the proof, and that is no read of the audit", async () => {
  const under = await controlPlaneUnderTest();
  under.consistent.set(3, { checkpoint: "note", proof: [Buffer.alloc(32, 7)] });
  const bearer = await under.bearer("agent", developer);
  const answer = await under.call("GET", `${path}3`, { bearer });
  expect(answer.json()).toEqual({ checkpoint: "note", proof: [Buffer.alloc(32, 7).toString("base64")] });
  expect(under.audit.kinds()).toEqual([]);
});

test("a log that is shorter than somebody remembers says so by its checkpoint", async () => {
  const under = await controlPlaneUnderTest();
  under.checkpoint = "shorter";
  const bearer = await under.bearer("agent", developer);
  expect((await under.call("GET", `${path}9`, { bearer })).json()).toEqual({
    checkpoint: "shorter",
    proof: [],
  });
});
