import { expect, test } from "vitest";
import type { ShownEntry } from "#audit";
import { controlPlaneUnderTest } from "../../../test/fakes/control-plane-under-test.ts";
import { approver, auditor, developer, operator, outsider } from "../../../test/fakes/token-issuer.ts";

const paths = ["/api/v1/audit/entries", "/api/v1/audit/entries/7", "/api/v1/audit/entries/7/proof"];

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

test("whoever is not an auditor finds, sees and proves nothing, and each attempt is on record", async () => {
  const under = await controlPlaneUnderTest();
  under.listed = [entry];
  under.proofs.set(7, "proof");
  for (const person of [developer, approver, operator, outsider]) {
    for (const path of paths) {
      const answer = await under.call("GET", path, { bearer: await under.bearer("console", person) });
      expect([answer.statusCode, answer.json()]).toMatchObject([403, { error: { code: "missing_role" } }]);
    }
  }
  const stored = await under.bearer("agent", auditor);
  for (const path of paths) expect((await under.call("GET", path, { bearer: stored })).statusCode).toBe(403);
  expect(under.audit.kinds()).toEqual(Array(15).fill("audit.read_denied"));
  expect(under.audit.entries.map(({ detail }) => detail?.["what"]).slice(0, 3)).toEqual([
    "entries",
    "entry",
    "proof",
  ]);
  expect(under.asked).toEqual([]);
});

test("what cannot be put on record is not found, shown or proven", async () => {
  const under = await controlPlaneUnderTest();
  under.listed = [entry];
  under.proofs.set(7, "proof");
  under.audit.on("audit.read", () => Promise.reject(new Error("disk full")));
  const bearer = await under.bearer("console", auditor);
  for (const path of paths) expect((await under.call("GET", path, { bearer })).statusCode).toBe(503);
  expect(under.asked).toEqual([]);
});

test("what cannot be read is listed and shown as that, without inventing what it would say", async () => {
  const under = await controlPlaneUnderTest();
  under.listed = [entry, { ...entry, index: 8, leaf: undefined, detail: undefined }];
  const bearer = await under.bearer("console", auditor);
  const answer = await under.call("GET", "/api/v1/audit/entries?text=web-3%20denied", { bearer });
  const broken = { index: 8, kind: "unreadable", problem: "Unreadable entry at index 8: verify the log." };
  expect(answer.json()).toMatchObject({ entries: [{ index: 7, kind: "exchange.intent" }, broken] });
  expect(under.asked[0]?.text).toBe("web-3 denied");
  expect(under.audit.entries.at(-1)?.detail).toMatchObject({ asked: { text: "web-3 denied" } });
  const shown = await under.call("GET", "/api/v1/audit/entries/8", { bearer });
  expect([shown.statusCode, shown.json()]).toMatchObject([200, broken]);
});

test.each([
  "?text=",
  "?text=%20%20",
  `?text=${"a".repeat(257)}`,
  "?limit=0",
  "?limit=501",
  "?status=x",
  "?from=yesterday",
  "?before=x",
  "?before=2026-11-24T12:00:00.000Z~-1",
  "?unknown=1",
  "?agent=",
  "?agent=a&agent=b",
  "/-1",
  "/01",
  "/1e3",
  "/9999999999999999",
])("%s is no question about entries", async (question) => {
  const { call, bearer } = await controlPlaneUnderTest();
  const answer = await call("GET", `/api/v1/audit/entries${question}`, {
    bearer: await bearer("console", auditor),
  });
  expect([answer.statusCode, answer.json()]).toMatchObject([400, { error: { code: "request_invalid" } }]);
});

test.each([
  ["class=destructve", 'class: "destructve" is no class of an entry. Did you mean destructive?'],
  ["kind=nonsense", /^kind: "nonsense" is no kind of an entry\. Those are log\.open, /],
  ["decision=alow", 'decision: "alow" is no decision of an entry. Did you mean allow?'],
  ["status=abc", "status: a status is a number from 100 to 999"],
  ["status=99", "status: a status is a number from 100 to 999"],
  ["before=garbage", "before: this is no place in a listing; those come from the page before, as next"],
  ["from=2026-11-24T12:00:00Z&to=2026-11-24T11:00:00Z", "from is not before to: nothing lies between them"],
])("a search or an export for what no entry can be is refused in words: %s", async (query, next) => {
  const { call, bearer } = await controlPlaneUnderTest();
  const token = await bearer("console", auditor);
  for (const path of ["entries?", "export?format=csv&"]) {
    const answer = await call("GET", `/api/v1/audit/${path}${query}`, { bearer: token });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({
      error: {
        code: "request_invalid",
        next: typeof next === "string" ? next : (expect.stringMatching(next) as string),
      },
    });
  }
});

test("an entry without a checkpoint over it is not proven yet, and one that does not exist never", async () => {
  const under = await controlPlaneUnderTest();
  under.listed = [entry];
  const bearer = await under.bearer("console", auditor);
  const early = await under.call("GET", "/api/v1/audit/entries/7/proof", { bearer });
  expect([early.statusCode, early.json()]).toMatchObject([409, { error: { code: "not_published" } }]);
  expect((await under.call("GET", "/api/v1/audit/entries/8/proof", { bearer })).statusCode).toBe(404);
  expect((await under.call("GET", "/api/v1/audit/entries/8", { bearer })).statusCode).toBe(404);
});

test("a search is on record with what was looked for and by whom, before it is answered", async () => {
  const under = await controlPlaneUnderTest();
  under.listed = [entry];
  const bearer = await under.bearer("console", auditor);
  const query =
    "principal=Developer@Example.com&from=2026-11-24T00:00:00Z&before=2026-11-24T12:00:00.000Z~9&limit=5";
  const answer = await under.call("GET", `/api/v1/audit/entries?${query}`, { bearer });
  expect(answer.json()).toEqual({
    entries: [
      {
        index: 7,
        stage: "published",
        id: "rec_1",
        kind: "exchange.intent",
        at: "2026-11-24T12:00:00.000Z",
        class: "read",
        principal: "developer@example.com",
      },
    ],
  });
  expect(under.asked).toMatchObject([
    {
      limit: 5,
      before: { t: "2026-11-24T12:00:00.000Z", index: 9 },
      filter: { principal: "developer@example.com", from: "2026-11-24T00:00:00.000Z" },
    },
  ]);
  expect(under.audit.entries).toMatchObject([
    {
      kind: "audit.read",
      detail: {
        what: "entries",
        email: auditor.email,
        asked: { principal: "Developer@Example.com", limit: 5 },
      },
    },
  ]);
});

test("an auditor sees one entry in full and gets its proof, both on record", async () => {
  const under = await controlPlaneUnderTest();
  under.listed = [entry];
  under.proofs.set(7, "c2sp.org/tlog-proof@v1\n");
  const bearer = await under.bearer("console", auditor);
  expect((await under.call("GET", "/api/v1/audit/entries/7", { bearer })).json()).toMatchObject({
    leaf: '{"v":1}',
    detail: { host: "a" },
    attachments: [{ role: "detail", bytes: 2, state: "as_committed" }],
  });
  expect((await under.call("GET", "/api/v1/audit/entries/7/proof", { bearer })).body).toBe(
    "c2sp.org/tlog-proof@v1\n",
  );
  expect(under.audit.entries.map(({ kind, detail }) => [kind, detail?.["what"], detail?.["index"]])).toEqual([
    ["audit.read", "entry", 7],
    ["audit.read", "proof", 7],
  ]);
});
