import { expect, test } from "vitest";
import { entryKinds } from "#lib/entry-words";
import { ocsfProblems } from "../../test/fakes/ocsf-schema.ts";
import { type ExportedEntry, ocsfEvent } from "./index.ts";

const source = { origin: "gatehouse.example/log", productVersion: "0.1.0" };
const entry = (changes: Partial<ExportedEntry> = {}): ExportedEntry => ({
  index: 42,
  id: "rec_1",
  kind: "exchange.outcome",
  at: "2026-11-28T12:00:00.000Z",
  session: "ses_1",
  exchange: "exc_1",
  operation: "storage.objects.get",
  class: "read",
  status: 200,
  principal: "developer@example.com",
  agent: "cursor",
  resource: "b/reports/o/q3.csv",
  ...changes,
});

test.each(entryKinds)("%s is a valid OCSF event, with everything known of it and with nothing", (kind) => {
  expect(ocsfProblems(ocsfEvent(entry({ kind, detail: { host: "x" } }), source))).toEqual([]);
  const bare: ExportedEntry = { index: 0, id: "rec_0", kind, at: "2026-11-28T12:00:00.000Z" };
  expect(ocsfProblems(ocsfEvent(bare, source))).toEqual([]);
});

test("a kind of a later version is an event too", () => {
  const event = ocsfEvent(entry({ kind: "recording.erased", exchange: undefined }), source);
  expect([ocsfProblems(event), event["type_uid"]]).toEqual([[], 600_399]);
});

test("the schema that events are held to finds what is missing and what was invented", () => {
  const { api: _, ...without } = ocsfEvent(entry(), source);
  expect(ocsfProblems(without)).not.toEqual([]);
  expect(ocsfProblems({ ...ocsfEvent(entry(), source), invented: 1 })).not.toEqual([]);
  expect(ocsfProblems({ ...ocsfEvent(entry(), source), type_uid: 1 })).not.toEqual([]);
});

test.each([
  ["storage.buckets.insert", "write", 600_301],
  ["storage.objects.get", "read", 600_302],
  ["secretmanager.projects.secrets.versions.access", "secret_read", 600_302],
  ["compute.instances.setMetadata", "write", 600_303],
  ["compute.instances.delete", "destructive", 600_304],
  ["compute.instances.reset", "destructive", 600_399],
])("%s (%s) has type %i", (operation, riskClass, type) => {
  expect(ocsfEvent(entry({ operation, class: riskClass }), source)["type_uid"]).toBe(type);
});

test.each([
  ["exchange.refused", 200, "Failure"],
  ["exchange.outcome", 404, "Failure"],
  ["exchange.outcome", 204, "Success"],
  ["exchange.aborted", 200, "Failure"],
  ["outcome.unknown", undefined, "Unknown"],
  ["exchange.intent", undefined, undefined],
])("%s with status %s is %s", (kind, status, said) => {
  expect(ocsfEvent(entry({ kind, status }), source)["status"]).toBe(said);
});

test.each([
  ["archive.contradicted", "API Activity", "Failure", "Critical"],
  ["witness.refused", "API Activity", "Failure", "High"],
  ["audit.act_denied", "API Activity", "Failure", "Medium"],
  ["audit.read_denied", "API Activity", "Failure", "Medium"],
  ["policy.refused", "Entity Management", "Failure", "Medium"],
  ["config.refused", "Entity Management", "Failure", "Medium"],
  ["config.change", "Entity Management", "Success", "Informational"],
  ["auth.signed_out", "Authentication", "Success", "Informational"],
])("nobody takes %s for something else: %s, %s, %s", (kind, className, status, severity) => {
  const bare: ExportedEntry = { index: 0, id: "rec_0", kind, at: "2026-11-28T12:00:00.000Z" };
  expect(ocsfEvent(bare, source)).toMatchObject({ class_name: className, status, severity });
});

test("whoever signs out logs off", () => {
  expect(ocsfEvent(entry({ kind: "auth.signed_out" }), source)).toMatchObject({ activity_name: "Logoff" });
});

test.each(["constructor", "__proto__", "later.kind"])(
  "a kind that this version does not know (%s) is neither a success nor harmless",
  (kind) => {
    const bare: ExportedEntry = { index: 0, id: "rec_0", kind, at: "2026-11-28T12:00:00.000Z" };
    const event = ocsfEvent(bare, source);
    expect(ocsfProblems(event)).toEqual([]);
    expect(event).toMatchObject({ class_name: "API Activity", status: "Unknown", severity: "Medium" });
  },
);

test.each([
  ["exchange.outcome", "read", "Informational"],
  ["exchange.outcome", "secret_read", "Low"],
  ["exchange.outcome", "destructive", "Medium"],
  ["exchange.refused", "a class of a later version", "Medium"],
  ["archive.contradicted", "read", "Critical"],
])("%s of class %s is %s: the graver of the two counts", (kind, riskClass, severity) => {
  expect(ocsfEvent(entry({ kind, class: riskClass }), source)["severity"]).toBe(severity);
});

test("hostile text in an event is exact", () => {
  const hostile = "b/\u202Eevil\u200B\u001B[31m\u0000";
  const event = JSON.stringify(ocsfEvent(entry({ resource: hostile }), source));
  expect(JSON.parse(event)).toMatchObject({ resources: [{ name: hostile }] });
});
