import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { openEntryReader } from "#audit";
import { limits } from "#lib/limits";
import { temporaryDatabase } from "../../../test/contracts/temporary-database.ts";
import { readingWith } from "../../../test/fakes/entry-reader-parts.ts";
import { keysOf } from "../../../test/fakes/key-provider.ts";
import { auditStore } from "../stores/audit-store.ts";
import type { Database } from "../stores/database.ts";
import { sessionStore } from "../stores/session-store.ts";
import { migrate, readMigrations } from "./migrate.ts";
import { openDatabase } from "./open-database.ts";

const leafOf = (n: number, more: object = {}): Buffer =>
  Buffer.from(JSON.stringify({ kind: "exchange.outcome", t: new Date(n * 1_000).toISOString(), ...more }));

async function appendMany(database: Database, count: number, more: (n: number) => object): Promise<void> {
  const store = auditStore(database);
  await store.create("a.example/log");
  const entry = (n: number) => ({
    leaf: leafOf(n, more(n)),
    leafHash: new Uint8Array(32),
    attachments: [],
    about: { agent: "cursor" },
  });
  for (let from = 0; from < count; from += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, n) => store.append(entry(from + n))));
  }
}

test("no question looks at more than so many entries at once, and asking on finds the rest", async () => {
  const database = await temporaryDatabase();
  const count = limits.searchedEntriesMax * 2;
  await appendMany(database, count, (n) => (n === 10 ? { status: 599, class: "read" } : { class: "read" }));
  const store = auditStore(database);
  const filter = { class: "read", kind: "exchange.intent" };
  const empty = await store.findEntries({ filter, limit: 10 });
  expect(empty.entries).toEqual([]);
  expect(empty.next?.index).toBe(count - limits.searchedEntriesMax);
  expect((await store.findEntries({ filter: { status: 599 }, limit: 10 })).entries).toMatchObject([
    { index: 10 },
  ]);
  const rest = await store.findEntries({ filter, limit: 10, before: empty.next });
  expect(rest).toMatchObject({ entries: [] });
});

test("every filter has an index of its own that ends in time, so that no page sorts or scans, alone or with others", async () => {
  const database = await temporaryDatabase();
  const asked: { sql: string; values: readonly unknown[] }[] = [];
  const spied: Database = {
    ...database,
    read: (sql, values = []) => {
      asked.push({ sql, values });
      return database.read(sql, values);
    },
  };
  const store = auditStore(spied);
  const filters = { exchange: "x", session: "x", resource: "x", principal: "x", operation: "x", agent: "x" };
  const others = { class: "x", decision: "x", kind: "x" };
  for (const [name, value] of Object.entries({ ...filters, ...others, status: 1, from: "2026" })) {
    await store.findEntries({ filter: { [name]: value }, limit: 10 });
    await store.findEntries({ filter: { [name]: value, kind: "x", class: "y" }, limit: 10 });
  }
  for (const { sql, values } of asked) {
    const plan = (await database.read(`EXPLAIN QUERY PLAN ${sql}`, values.map(String))).map(({ detail }) =>
      String(detail),
    );
    expect(
      plan.filter((step) => step.startsWith("SCAN")),
      sql,
    ).toEqual([]);
    const sorts = plan.filter((step) => step.includes("TEMP B-TREE FOR ORDER BY"));
    // An exchange has a handful of entries.
    expect(sql.includes("x.exchange_id = ? AND") ? [] : sorts, sql).toEqual([]);
    // What does not fit is found out without reading its row, and nothing beyond the page's bounds is looked at.
    const tests = plan.filter((step) => step.startsWith("SEARCH o "));
    expect(
      tests.every((step) => step.includes("COVERING INDEX")),
      sql,
    ).toBe(true);
    const candidates = plan.filter((step) => step.startsWith("SEARCH a ") && !step.includes("rowid=?"));
    expect(
      candidates.every((step) => step.includes("t>? AND t<?")),
      sql,
    ).toBe(true);
  }
});

test("an entry that names nobody is found by the person and agent of its session", async () => {
  const database = await temporaryDatabase();
  const session = {
    id: "ses_1",
    principal: { id: "p", issuer: "https://i.example", subject: "s", email: "Dev@Example.com", groups: [] },
    agent: "cursor",
    connection: undefined,
    startedAt: new Date(0),
    endsAt: new Date(1),
    stoppedAt: undefined,
  };
  await sessionStore(database).insert(session);
  const store = auditStore(database);
  await store.create("a.example/log");
  const hash = new Uint8Array(32);
  await store.append({ leaf: leafOf(1, { session: "ses_1" }), leafHash: hash, attachments: [], about: {} });
  await store.append({
    leaf: leafOf(2, { session: "ses_1" }),
    leafHash: hash,
    attachments: [],
    about: { principal: "somebody@else.example" },
  });
  const found = await store.findEntries({ filter: { principal: "dev@example.com" }, limit: 10 });
  expect(found.entries).toMatchObject([
    { index: 0, about: { principal: "dev@example.com", agent: "cursor" } },
  ]);
});

test("a row taken out of the index by its administrator hides an entry from a search, and not from the log", async () => {
  const database = await temporaryDatabase();
  await appendMany(database, 500, () => ({}));
  await database.write([{ sql: "DELETE FROM audit_listing WHERE entry_index = 7", values: [] }]);
  const store = auditStore(database);
  const found = await store.findEntries({ filter: { agent: "cursor" }, limit: 500 });
  expect(found.entries).toHaveLength(499);
  expect((await store.entries(7, 1))[0]?.index).toBe(7);
});

test("a leaf that somebody made no JSON at all, in the file itself, is listed with the others, whatever is asked", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-search-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "gatehouse.db");
  const before = await openDatabase(path);
  await appendMany(before, 500, (n) => ({ v: 1, id: `<${n}>`, class: "read", session: "ses_1" }));
  await before.close();
  writeFileSync(path, readFileSync(path, "latin1").replaceAll('<7>"', "<7>X"), "latin1");
  const database = await openDatabase(path);
  const store = auditStore(database);
  const reader = openEntryReader(store, readingWith(keysOf(store)));
  for (const filter of [{}, { class: "read" }, { session: "ses_1", kind: "exchange.outcome" }]) {
    const { entries } = await reader.find({ filter, limit: 500 });
    expect(entries).toHaveLength(500);
    expect(entries.filter(({ leaf }) => leaf === undefined)).toMatchObject([
      { index: 7, about: { agent: "cursor" } },
    ]);
  }
  expect(await reader.show(7)).toMatchObject({ index: 7, leaf: undefined, attachments: [] });
  await database.close();
});

/** A data folder of the version before entries could be searched, with these entries in it. */
function oldDatabase(entries: readonly { leaf: object; detail?: string }[]): string {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-search-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "gatehouse.db");
  const database = new DatabaseSync(path);
  migrate(database, readMigrations().slice(0, 3));
  database.exec(
    "INSERT INTO session VALUES ('ses_1', 'p', 'i', 'Subject-7', NULL, '[]', 'cursor', NULL, 0, 1, NULL)",
  );
  for (const [index, { leaf, detail }] of entries.entries()) {
    database
      .prepare("INSERT INTO audit_entry (entry_index, leaf, leaf_hash) VALUES (?, ?, zeroblob(32))")
      .run(index, Buffer.from(JSON.stringify({ t: new Date(index).toISOString(), kind: "x", ...leaf })));
    if (detail === undefined) continue;
    database
      .prepare("INSERT INTO audit_attachment (entry_index, role, bytes) VALUES (?, 'detail', ?)")
      .run(index, Buffer.from(detail));
  }
  database.close();
  return path;
}

test("what was on record before entries could be searched is found after the migration", async () => {
  const path = oldDatabase([
    {
      leaf: {},
      detail: '{"principal":{"email":"Dev@example.com","subject":"s"},"agent":"codex","resource":"b/o"}',
    },
    { leaf: {}, detail: '{"principal":"Dev@example.com","resource":""}' },
    { leaf: {}, detail: '{"what":"sessions","subject":"auditor-7"}' },
    { leaf: { session: "ses_1" }, detail: '{"maskedValues":1}' },
    { leaf: { session: "ses_1" }, detail: "no JSON any more" },
    { leaf: {} },
    {
      leaf: { session: "ses_1", kind: "approval.vote" },
      detail: '{"requester":"dev-2","votes":[{"approver":"first"},{"approver":"Second@example.com"}]}',
    },
    { leaf: { session: "ses_1", kind: "approval.decided" }, detail: '{"requester":"dev-2","votes":[]}' },
    { leaf: { session: "ses_1", kind: "session.stopped" }, detail: '{"cause":"person","by":"operator-1"}' },
  ]);
  const database = await openDatabase(path);
  const store = auditStore(database);
  const found = async (filter: object): Promise<number[]> =>
    (await store.findEntries({ filter, limit: 10 })).entries.map(({ index }) => index);
  expect(await found({ principal: "dev@example.com" })).toEqual([1, 0]);
  expect(await found({ principal: "auditor-7" })).toEqual([2]);
  expect(await found({ principal: "subject-7" })).toEqual([4, 3]);
  expect(await found({ agent: "codex" })).toEqual([0]);
  expect(await found({ resource: "b/o" })).toEqual([0]);
  expect(await found({ resource: "" })).toEqual([]);
  expect(await found({ principal: "second@example.com" })).toEqual([6]);
  expect(await found({ principal: "dev-2" })).toEqual([7]);
  expect(await found({ principal: "operator-1" })).toEqual([8]);
  expect(await found({})).toEqual([8, 7, 6, 5, 4, 3, 2, 1, 0]);
  await database.close();
});
