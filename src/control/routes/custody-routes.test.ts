import { expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { controlPlaneUnderTest } from "../../../test/fakes/control-plane-under-test.ts";
import { approver, auditor, developer, operator, outsider } from "../../../test/fakes/token-issuer.ts";

const acts: readonly [path: string, json: object][] = [
  ["/api/v1/audit/holds", { session: "ses_1", reason: "lawsuit" }],
  ["/api/v1/audit/holds/hld_1/release", { reason: "over" }],
  ["/api/v1/audit/erasures", { session: "ses_1", reason: "asked for" }],
  ["/api/v1/audit/requests/req_1/confirmation", {}],
];

test("whoever is not an auditor holds, releases and erases nothing, administrators included, and each try is on record", async () => {
  const under = await controlPlaneUnderTest();
  for (const person of [developer, approver, operator, outsider]) {
    for (const [path, json] of acts) {
      const answer = await under.call("POST", path, { json, bearer: await under.bearer("console", person) });
      expect([answer.statusCode, answer.json()]).toMatchObject([403, { error: { code: "missing_role" } }]);
    }
    const listed = await under.call("GET", "/api/v1/audit/holds", {
      bearer: await under.bearer("console", person),
    });
    expect(listed.statusCode).toBe(403);
  }
  const stored = await under.bearer("agent", auditor);
  for (const [path, json] of acts)
    expect((await under.call("POST", path, { json, bearer: stored })).statusCode).toBe(403);
  expect(under.custody.asked).toEqual([]);
  const kinds = under.audit.kinds();
  expect(kinds.filter((kind) => kind === "audit.act_denied")).toHaveLength(20);
  expect(kinds.filter((kind) => kind === "audit.read_denied")).toHaveLength(4);
});

test("an auditor who signed in too long ago has to sign in again", async () => {
  const under = await controlPlaneUnderTest();
  const bearer = await under.bearer("console", auditor);
  under.clock.pass(6 * 60 * 1000);
  for (const [path, json] of acts)
    expect((await under.call("POST", path, { json, bearer })).json()).toMatchObject({
      error: { code: "sign_in_not_fresh" },
    });
  expect(under.custody.asked).toEqual([]);
});

test("what custody refuses is on record with who, what and why", async () => {
  const under = await controlPlaneUnderTest();
  const bearer = await under.bearer("console", auditor);
  for (const code of ["under_hold", "session_running", "already_erased"] as const) {
    under.custody.answer = { kind: "refused", code };
    const answer = await under.call("POST", "/api/v1/audit/erasures", {
      bearer,
      json: { session: "ses_1", reason: "asked for" },
    });
    expect([answer.statusCode, answer.json()]).toMatchObject([409, { error: { code } }]);
  }
  under.custody.confirmed = { kind: "refused", code: "same_person" };
  const own = await under.call("POST", "/api/v1/audit/requests/req_1/confirmation", { bearer, json: {} });
  expect([own.statusCode, own.json()]).toMatchObject([403, { error: { code: "same_person" } }]);
  expect(under.audit.entries.at(-1)).toMatchObject({
    kind: "audit.act_denied",
    detail: { what: "confirmation", id: "req_1", code: "same_person", email: "auditor@example.com" },
  });
  expect(under.audit.kinds()).toEqual(Array(4).fill("audit.act_denied"));
});

test("what cannot be put on record is not done, and that is said", async () => {
  const under = await controlPlaneUnderTest();
  under.custody.fails = new GatehouseError("audit_refused", "disk full");
  const bearer = await under.bearer("console", auditor);
  for (const [path, json] of acts)
    expect((await under.call("POST", path, { json, bearer })).json()).toMatchObject({
      error: { code: "audit_unavailable" },
    });
});

test.each<[string, object]>([
  ["/api/v1/audit/erasures", { session: "ses_1" }],
  ["/api/v1/audit/erasures", { session: "../ses_1", reason: "why" }],
  ["/api/v1/audit/erasures", { session: "ses_1", reason: "why", query: {} }],
  ["/api/v1/audit/holds", { query: {}, reason: "why" }],
  ["/api/v1/audit/holds", { query: { nobody: "x" }, reason: "why" }],
  ["/api/v1/audit/holds", { session: "ses_1", query: { agent: "x" }, reason: "why" }],
  ["/api/v1/audit/requests/ses_1/confirmation", {}],
])("%s with %j is no act", async (path, json) => {
  const under = await controlPlaneUnderTest();
  const answer = await under.call("POST", path, { json, bearer: await under.bearer("console", auditor) });
  expect([answer.statusCode, answer.json()]).toMatchObject([400, { error: { code: "request_invalid" } }]);
});

test.each([
  [{ class: "destructve" }, 'query.class: "destructve" is no class of an entry. Did you mean destructive?'],
  [
    { from: "2026-11-24T12:00:00Z", to: "2026-11-24T11:00:00Z" },
    "query: from is not before to: nothing lies between them",
  ],
])("a hold on what no entry can be is refused in words: %j", async (query, next) => {
  const under = await controlPlaneUnderTest();
  const json = { query, reason: "why" };
  const answer = await under.call("POST", "/api/v1/audit/holds", {
    json,
    bearer: await under.bearer("console", auditor),
  });
  expect([answer.statusCode, answer.json()]).toMatchObject([
    400,
    { error: { code: "request_invalid", next } },
  ]);
});

test("a reason of nothing but spaces and control characters is none", async () => {
  const under = await controlPlaneUnderTest();
  const answer = await under.call("POST", "/api/v1/audit/erasures", {
    bearer: await under.bearer("console", auditor),
    json: { session: "ses_1", reason: " \u0007\u202e " },
  });
  expect(answer.json()).toMatchObject({ error: { code: "reason_needed" } });
});

test("an auditor holds, asks and confirms under their own name", async () => {
  const under = await controlPlaneUnderTest();
  const bearer = await under.bearer("console", auditor);
  const query = { principal: "Dev@Example.com", from: "2026-11-24T00:00:00Z" };
  const held = await under.call("POST", "/api/v1/audit/holds", {
    bearer,
    json: { query, reason: "law\nsuit" },
  });
  expect(held.json()).toMatchObject({
    id: "hld_1",
    query: { principal: "dev@example.com", from: "2026-11-24T00:00:00.000Z" },
    reason: "law suit",
    setBy: "auditor@example.com",
  });
  const asked = await under.call("POST", "/api/v1/audit/erasures", {
    bearer,
    json: { session: "ses_1", reason: "asked for" },
  });
  expect(asked.json()).toMatchObject({ id: "req_1", act: "erase", subject: "ses_1" });
  const [, erasure] = under.custody.asked;
  expect(erasure?.auditor.email).toBe("auditor@example.com");
  const listed = await under.call("GET", "/api/v1/audit/holds", { bearer });
  expect(listed.json()).toEqual({ holds: [], requests: [] });
  expect(under.audit.kinds()).toEqual(["audit.read"]);
});
