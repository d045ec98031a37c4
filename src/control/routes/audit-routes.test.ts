import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { controlPlaneUnderTest } from "../../../test/fakes/control-plane-under-test.ts";
import { approver, auditor, developer, operator, outsider } from "../../../test/fakes/token-issuer.ts";

const tile = "/api/v1/audit/log/tile/0/000.p/3";

test("whoever is not an auditor gets no file of the log, and the attempt is on record", async () => {
  const { call, bearer, audit, tiles } = await controlPlaneUnderTest();
  tiles.set("tile/0/000.p/3", Buffer.alloc(96));
  for (const person of [developer, approver, operator, outsider]) {
    const answer = await call("GET", tile, { bearer: await bearer("console", person) });
    expect([answer.statusCode, answer.json()]).toMatchObject([403, { error: { code: "missing_role" } }]);
  }
  expect((await call("GET", tile, { bearer: await bearer("agent", auditor) })).statusCode).toBe(403);
  expect((await call("GET", tile)).statusCode).toBe(401);
  expect(audit.kinds()).toEqual(Array(6).fill("audit.read_denied"));
  expect(audit.entries[0]?.detail).toMatchObject({ what: "log", email: developer.email });
});

test("the log is not exported while that cannot be recorded, and is once it can", async () => {
  const { call, bearer, audit, tiles } = await controlPlaneUnderTest();
  tiles.set("tile/0/000.p/3", Buffer.alloc(96));
  const token = await bearer("console", auditor);
  audit.on("audit.export", () => Promise.reject(new Error("disk full")));
  for (const _ of [1, 2]) expect((await call("GET", tile, { bearer: token })).statusCode).toBe(503);
  audit.on("audit.export", () => Promise.resolve());
  expect((await call("GET", tile, { bearer: token })).statusCode).toBe(200);
});

test("an export is one entry for each sign-in, however many files it reads, and none before that entry", async () => {
  const { call, bearer, audit, tiles, clock } = await controlPlaneUnderTest();
  tiles.set("tile/0/000.p/3", Buffer.alloc(96, 7));
  const token = await bearer("console", auditor);
  const answers = await Promise.all(Array.from({ length: 20 }, () => call("GET", tile, { bearer: token })));
  expect(answers.every((answer) => answer.rawPayload.equals(Buffer.alloc(96, 7)))).toBe(true);
  expect(audit.entries).toMatchObject([
    { kind: "audit.export", detail: { what: "log", email: auditor.email } },
  ]);

  clock.pass(limits.approverSignInAgeMsMax + 1_000);
  expect((await call("GET", tile, { bearer: token })).statusCode).toBe(401);
  await call("GET", tile, { bearer: await bearer("console", auditor) });
  expect(audit.kinds()).toEqual(["audit.export", "audit.read_denied", "audit.export"]);
});

test.each(["0/001", "0/..%2f..%2fcheckpoint", "%00", "data/000"])("there is no tile %s", async (path) => {
  const { call, bearer } = await controlPlaneUnderTest();
  const token = await bearer("console", auditor);
  const answer = await call("GET", `/api/v1/audit/log/tile/${path}`, { bearer: token });
  expect(answer.statusCode).toBe(404);
});

test("anybody gets the newest checkpoint, and before the first one nobody", async () => {
  const under = await controlPlaneUnderTest();
  for (const path of ["/api/v1/audit/checkpoint", "/api/v1/audit/log/checkpoint"]) {
    under.checkpoint = undefined;
    expect((await under.call("GET", path)).statusCode).toBe(404);
    under.checkpoint = "gateway.example/audit\n3\n";
    expect((await under.call("GET", path)).body).toBe(under.checkpoint);
  }
});
