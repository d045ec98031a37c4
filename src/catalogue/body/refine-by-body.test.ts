import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { operationOf } from "../../../test/fakes/small-catalogue.ts";
import type { Call, Operation } from "../operation.ts";
import { bodyMatters, refineByBody } from "./index.ts";
import { bodyRules } from "./rules.ts";

const routes: Readonly<Record<string, Partial<Operation>>> = {
  "bigquery.jobs.query": { class: "destructive", flags: ["exec"] },
  "dns.changes.create": { class: "destructive" },
  "storage.buckets.patch": { class: "write" },
};

function callOf(id: string, more: Partial<Call> = {}): Call {
  const operation = operationOf(id, routes[id]);
  const resource = {
    name: "projects/prod",
    fullName: "//x/projects/prod",
    parent: "",
    type: "things",
    project: "prod",
    location: undefined,
  };
  return { operation, resource, host: operation.service, query: new Map(), ...more };
}

const json = "application/json; charset=UTF-8";

function judge(id: string, body: unknown, more: Partial<Call> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const bytes = Buffer.from(text, "utf8");
  return refineByBody(callOf(id, more), { contentType: json, contentEncodings: [], bytes }).operation;
}

const query = { query: "SELECT 1", useLegacySql: false };

test("a query that was understood is a read, and loses the flags of the worst case", () => {
  expect(judge("bigquery.jobs.query", query)).toMatchObject({
    class: "read",
    flags: [],
    classReason: "its body says so: its SQL only reads",
  });
});

test("nothing of the call changes but class, reason and flags", () => {
  const call = callOf("bigquery.jobs.query");
  const bytes = Buffer.from(JSON.stringify(query));
  const refined = refineByBody(call, { contentType: json, contentEncodings: [], bytes });
  const { class: riskClass, classReason, flags } = refined.operation;
  expect(refined).toEqual({
    ...call,
    operation: { ...call.operation, class: riskClass, classReason, flags },
  });
  expect(call.operation.class).toBe("destructive");
});

test.each([
  ["a second query member", '{"query":"SELECT 1","useLegacySql":false,"query":"DROP TABLE x"}'],
  [
    "a second query member in escapes",
    '{"query":"SELECT 1","useLegacySql":false,"\\u0071uery":"DROP TABLE x"}',
  ],
  ["a member in another case", '{"query":"SELECT 1","useLegacySql":false,"Query":"DROP TABLE x"}'],
  ["a member nobody knows", '{"query":"SELECT 1","useLegacySql":false,"script":"DROP TABLE x"}'],
  ["a member in both spellings", '{"query":"SELECT 1","useLegacySql":false,"use_legacy_sql":true}'],
  ["a dry run in a spelling some servers ignore", '{"query":"DROP TABLE x","dry_run":true}'],
  ["a dry run that is a text", '{"query":"DROP TABLE x","dryRun":"true"}'],
  ["a query that is a list", '{"query":["SELECT 1"],"useLegacySql":false}'],
  ["no query", '{"useLegacySql":false}'],
  [
    "a session, which has functions of its own",
    '{"query":"SELECT 1","useLegacySql":false,"createSession":true}',
  ],
  [
    "another account to run as",
    '{"query":"SELECT 1","useLegacySql":false,"connectionProperties":[{"key":"service_account","value":"a"}]}',
  ],
  ["a list around it", '[{"query":"SELECT 1","useLegacySql":false}]'],
  ["no body at all", ""],
  ["no JSON", "query=SELECT 1"],
])("%s leaves the worst case, and the reason says so", (_what, body) => {
  const operation = judge("bigquery.jobs.query", body);
  expect(operation).toMatchObject({ class: "privileged", flags: ["exec"] });
  expect(operation.classReason).toMatch(/^the worst it can be, as its body does not rule it out: ./);
});

test.each([
  ["another content type", { contentType: "text/plain" }],
  ["another character set", { contentType: "application/json; charset=utf-16" }],
  ["a parameter of the content type that is not known", { contentType: "application/json; a=b" }],
  ["no content type", { contentType: undefined }],
  ["compression", { contentEncodings: ["gzip"], bytes: gzipSync(JSON.stringify(query)) }],
  ["compression that is only said", { contentEncodings: ["gzip"] }],
  ["two codings", { contentEncodings: ["identity", "br"] }],
  ["a body too long to be read", { bytes: undefined }],
  ["a byte order mark", { bytes: Buffer.from(`\uFEFF${JSON.stringify(query)}`) }],
  ["UTF-16", { bytes: Buffer.from(JSON.stringify(query), "utf16le") }],
])("%s leaves the worst case", (_what, change) => {
  const bytes = Buffer.from(JSON.stringify(query));
  const body = { contentType: json, contentEncodings: [], bytes, ...change };
  expect(refineByBody(callOf("bigquery.jobs.query"), body).operation).toMatchObject({ class: "privileged" });
});

test("a query parameter that could fill the request leaves the worst case", () => {
  expect(judge("bigquery.jobs.query", query, { query: new Map([["prettyPrint", "false"]]) }).class).toBe(
    "read",
  );
  expect(judge("bigquery.jobs.query", query, { query: new Map([["query", "DROP TABLE x"]]) }).class).toBe(
    "privileged",
  );
});

test("a body that can only add to the class may be the worst of its kind when it cannot be read", () => {
  for (const text of [
    '{"acl":[],"acl":[{"entity":"allUsers"}]}',
    '{"acl":[],"ACL":[]}',
    "{",
    "x".repeat(10),
  ]) {
    expect(judge("storage.buckets.patch", text), text).toMatchObject({
      class: "privileged",
      flags: ["exfil"],
    });
  }
});

test("a body that adds nothing leaves the operation as it is", () => {
  const call = callOf("storage.buckets.patch");
  const bytes = Buffer.from('{"labels":{"a":"b"}}');
  expect(refineByBody(call, { contentType: json, contentEncodings: [], bytes }).operation).toBe(
    call.operation,
  );
});

test("uploads and downloads are bytes: only the start of a resumable upload, or what stands before the bytes, says something", () => {
  expect(bodyMatters(callOf("storage.objects.insert", { media: "upload" }), "image/png")).toBe(false);
  expect(bodyMatters(callOf("storage.objects.insert", { media: "upload" }), "Multipart/related")).toBe(true);
  const asked = new Map([["uploadType", "multipart"]]);
  expect(bodyMatters(callOf("storage.objects.insert", { media: "upload", query: asked }))).toBe(true);
  expect(bodyMatters(callOf("storage.objects.insert", { media: "resumable_upload" }))).toBe(true);
  expect(bodyMatters(callOf("bigquery.jobs.insert", { media: "upload" }))).toBe(false);
  expect(bodyMatters(callOf("bigquery.jobs.insert", { media: "resumable_upload" }))).toBe(true);
  expect(bodyMatters(callOf("bigquery.jobs.insert"))).toBe(true);
  expect(bodyMatters(callOf("bigquery.jobs.list"))).toBe(false);
});

test("the XML of Cloud Storage is not JSON: its lifecycle rules may delete, the rest of it is as the method says", () => {
  const xml = { contentType: "application/xml", contentEncodings: [], bytes: Buffer.from("<a/>") };
  const lifecycle = callOf("storage.buckets.patch", { isXml: true, query: new Map([["lifecycle", ""]]) });
  expect(refineByBody(lifecycle, xml).operation.class).toBe("destructive");
  const cors = callOf("storage.buckets.patch", { isXml: true, query: new Map([["cors", ""]]) });
  expect(bodyMatters(cors)).toBe(false);
});

test("random bytes never lower a class", () => {
  fc.assert(
    fc.property(fc.constantFrom(...bodyRules.keys()), fc.uint8Array({ maxLength: 200 }), (id, bytes) => {
      const call = { ...callOf(id), operation: operationOf(id, { class: "privileged" }) };
      expect(refineByBody(call, { contentType: json, contentEncodings: [], bytes }).operation.class).toBe(
        "privileged",
      );
    }),
  );
});

const corpora = process.env["GATEHOUSE_CORPORA"] ?? join(import.meta.dirname, "../../../../shared/corpora");
const folder = join(corpora, "json-parsing", "test_parsing");

test("no n_ file of the JSON parsing corpus lowers a class, alone or inside a body", ({ skip }) => {
  if (!existsSync(folder)) skip(`no corpus at ${folder}; set GATEHOUSE_CORPORA`);
  const files = readdirSync(folder).filter((file) => file.startsWith("n_"));
  expect(files.length).toBeGreaterThan(180);
  for (const file of files) {
    const part = readFileSync(join(folder, file));
    const whole = Buffer.concat([
      Buffer.from('{"query":"SELECT 1","useLegacySql":false,"labels":'),
      part,
      Buffer.from("}"),
    ]);
    for (const bytes of [part, whole]) {
      const body = { contentType: json, contentEncodings: [], bytes };
      const { class: found } = refineByBody(callOf("bigquery.jobs.query"), body).operation;
      // Of an unfinished text the rest may be what finishes it.
      const isWhole = bytes === whole && parses(bytes);
      expect(found, file).toBe(isWhole ? "read" : "privileged");
    }
  }
});

function parses(bytes: Buffer): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}
