import { expect, test } from "vitest";
import { auditExportPage } from "#api";
import type { ShownEntry } from "#audit";
import { limits } from "#lib/limits";
import { controlPlaneUnderTest } from "../../../test/fakes/control-plane-under-test.ts";
import { approver, auditor, developer, operator, outsider } from "../../../test/fakes/token-issuer.ts";

const page = "/api/v1/audit/export?format=ocsf";
const recording = "/api/v1/audit/export/sessions/ses_1/exchanges/exc_1";

const entry: ShownEntry = {
  index: 7,
  stages: ["durable", "integrated", "published"],
  leaf: { v: 1, kind: "exchange.intent", id: "rec_1", t: "2026-11-24T12:00:00.000Z", class: "read" },
  about: { principal: "developer@example.com" },
  leafBytes: Buffer.from('{"v":1}'),
  leafHash: Buffer.alloc(32),
  attachments: [{ role: "detail", bytes: 2, state: "as_committed" }],
  detail: '{"host":"a"}',
  erasure: undefined,
};
const exchange = {
  id: "exc_1",
  at: "2026-11-24T12:00:00.000Z",
  method: "GET",
  host: "storage.googleapis.com",
  decision: "allow",
  reasons: [],
  outcome: "answered" as const,
  maskedValues: 0,
};

const pageIn = (answer: { body: string }) => auditExportPage.parse(JSON.parse(answer.body));

async function underTest() {
  const under = await controlPlaneUnderTest();
  under.listed = [entry];
  under.exchanges = [exchange];
  return under;
}

test("whoever is not an auditor with a fresh sign-in exports nothing, and each attempt is on record", async () => {
  const under = await underTest();
  for (const person of [developer, approver, operator, outsider]) {
    for (const path of [page, recording]) {
      const answer = await under.call("GET", path, { bearer: await under.bearer("console", person) });
      expect([answer.statusCode, answer.json()]).toMatchObject([403, { error: { code: "missing_role" } }]);
    }
  }
  expect((await under.call("GET", page, { bearer: await under.bearer("agent", auditor) })).statusCode).toBe(
    403,
  );
  const stale = await under.bearer("console", auditor);
  under.clock.pass(limits.approverSignInAgeMsMax + 1_000);
  expect((await under.call("GET", page, { bearer: stale })).statusCode).toBe(401);
  expect(under.audit.kinds()).toEqual(Array(10).fill("audit.read_denied"));
  expect(under.asked).toEqual([]);
});

test("nothing is exported while that cannot be recorded", async () => {
  const under = await underTest();
  under.audit.on("audit.export", () => Promise.reject(new Error("disk full")));
  const bearer = await under.bearer("console", auditor);
  for (const path of [page, recording])
    expect((await under.call("GET", path, { bearer })).statusCode).toBe(503);
  expect(under.asked).toEqual([]);
});

test("an entry that somebody made unreadable is not passed over: the export fails and says why", async () => {
  const under = await underTest();
  under.listed = [entry, { ...entry, index: 8, leaf: undefined, detail: undefined }];
  const bearer = await under.bearer("console", auditor);
  for (const path of [page, `${page}&detail=true`]) {
    const answer = await under.call("GET", path, { bearer });
    expect([answer.statusCode, answer.json()]).toMatchObject([409, { error: { code: "entry_unreadable" } }]);
  }
});

test("all pages of an export are one entry that says what was asked for, and another question is another", async () => {
  const under = await underTest();
  const bearer = await under.bearer("console", auditor);
  const before = "&before=2026-11-24T12:00:00.000Z~7";
  for (const path of [
    page,
    `${page}${before}`,
    `${page}&limit=3`,
    `${page}&agent=cursor`,
    `${page}&detail=true`,
  ]) {
    expect((await under.call("GET", path, { bearer })).statusCode).toBe(200);
  }
  expect(under.audit.entries).toMatchObject([
    { kind: "audit.export", detail: { what: "entries", format: "ocsf", asked: {}, email: auditor.email } },
    { kind: "audit.export", detail: { asked: { agent: "cursor" } } },
    { kind: "audit.export", detail: { asked: { detail: "true" } } },
  ]);
});

test("an export that begins in the middle is on record like any other", async () => {
  const under = await underTest();
  const bearer = await under.bearer("console", auditor);
  await under.call("GET", `${page}&before=2026-11-24T12:00:00.000Z~7`, { bearer });
  expect(under.audit.kinds()).toEqual(["audit.export"]);
});

test("details come when they are asked for, and no more of them than are looked at in one go", async () => {
  const under = await underTest();
  const bearer = await under.bearer("console", auditor);
  const plain = await under.call("GET", page, { bearer });
  expect(pageIn(plain).entries[0]).not.toHaveProperty("leaf");
  const detailed = await under.call("GET", `${page}&detail=true&limit=500`, { bearer });
  expect(pageIn(detailed).entries[0]).toMatchObject({ leaf: '{"v":1}', detail: { host: "a" } });
  expect(under.asked.at(-1)?.limit).toBe(limits.exportedDetailsMax);
});

test("recordings of a session are one export, and an exchange of another session is not found", async () => {
  const under = await underTest();
  const bearer = await under.bearer("console", auditor);
  for (const _ of [1, 2]) {
    expect((await under.call("GET", recording, { bearer })).json()).toMatchObject({ id: "exc_1" });
  }
  expect((await under.call("GET", recording.replace("exc_1", "exc_2"), { bearer })).statusCode).toBe(404);
  expect(under.audit.entries).toMatchObject([
    { kind: "audit.export", detail: { what: "session", sessionId: "ses_1", format: "recordings" } },
  ]);
});

test.each(["?format=pdf", "", "?format=csv&detail=yes", "?format=csv&unknown=1"])(
  "%s is no export, and is refused",
  async (query) => {
    const under = await underTest();
    const bearer = await under.bearer("console", auditor);
    expect((await under.call("GET", `/api/v1/audit/export${query}`, { bearer })).statusCode).toBe(400);
  },
);
