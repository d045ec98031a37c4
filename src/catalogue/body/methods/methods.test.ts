import { expect, test } from "vitest";
import { operationOf } from "../../../../test/fakes/small-catalogue.ts";
import type { Call, OperationFlag, RiskClass } from "../../operation.ts";
import { refineByBody } from "../index.ts";

/** The operation as its body makes it; the method itself has the class `destructive` and every flag, unless told. */
function judge(id: string, body: unknown, more: { class?: RiskClass; name?: string } = {}) {
  const flags: readonly OperationFlag[] = ["exec", "exfil", "long_running"];
  const operation = operationOf(id, { class: more.class ?? "destructive", flags });
  const resource = {
    name: more.name ?? "projects/prod",
    fullName: "",
    parent: "",
    type: "x",
    project: "prod",
    location: undefined,
  };
  const call: Call = { operation, resource, host: operation.service, query: new Map() };
  const bytes = Buffer.from(JSON.stringify(body));
  const { operation: judged } = refineByBody(call, {
    contentType: "application/json",
    contentEncodings: [],
    bytes,
  });
  return { ...judged, isWorstCase: judged.classReason.startsWith("the worst it can be") };
}

const job = (configuration: object) => ({ configuration, jobReference: { projectId: "prod", jobId: "a" } });
const table = (projectId: string) => ({ projectId, datasetId: "d", tableId: "t" });

test.each([
  ["a query", { query: { query: "SELECT 1", useLegacySql: false } }, "read", []],
  ["a query in either dialect", { query: { query: "SELECT 1 FROM [d.t]" } }, "read", []],
  [
    "a query that says which dialect in its text",
    { query: { query: "#standardSQL\nSELECT [1]", useLegacySql: false } },
    "read",
    [],
  ],
  [
    "a query into a table",
    { query: { query: "SELECT 1", useLegacySql: false, destinationTable: table("prod") } },
    "write",
    ["exec"],
  ],
  [
    "a query into a table of another project",
    { query: { query: "SELECT 1", useLegacySql: false, destinationTable: table("evil") } },
    "write",
    ["exec", "exfil"],
  ],
  [
    "a query that replaces a table",
    {
      query: {
        query: "SELECT 1",
        useLegacySql: false,
        destinationTable: table("prod"),
        writeDisposition: "WRITE_TRUNCATE",
      },
    },
    "destructive",
    ["exec"],
  ],
  [
    "an insertion by default into another project",
    {
      query: {
        query: "INSERT INTO d.t (a) VALUES (1)",
        useLegacySql: false,
        defaultDataset: { projectId: "evil", datasetId: "d" },
      },
    },
    "write",
    ["exec", "exfil"],
  ],
  ["a dry run", { dryRun: true, query: { query: "DROP TABLE x" } }, "read", []],
  [
    "a load",
    { load: { sourceUris: ["gs://b/o"], destinationTable: table("prod"), autodetect: true } },
    "write",
    [],
  ],
  [
    "a load that replaces",
    { load: { destinationTable: table("prod"), writeDisposition: "WRITE_TRUNCATE" } },
    "destructive",
    [],
  ],
  [
    "a load by a disposition nobody knows",
    { load: { destinationTable: table("prod"), writeDisposition: "WRITE_NEW" } },
    "destructive",
    ["exec", "exfil"],
  ],
  ["a copy", { copy: { sourceTable: table("prod"), destinationTable: table("prod") } }, "write", []],
  [
    "a copy to another project",
    { copy: { sourceTable: table("prod"), destinationTable: table("evil") } },
    "write",
    ["exfil"],
  ],
  [
    "an extract",
    { extract: { sourceTable: table("prod"), destinationUris: ["gs://b/o"] } },
    "destructive",
    ["exec", "exfil"],
  ],
  [
    "two kinds at once",
    { load: { destinationTable: table("prod") }, query: { query: "DROP TABLE x" } },
    "privileged",
    ["exec", "exfil"],
  ],
  [
    "a query with code of its own",
    { query: { query: "SELECT 1", useLegacySql: false, userDefinedFunctionResources: [] } },
    "privileged",
    ["exec", "exfil"],
  ],
] as const)("a BigQuery job: %s", (_what, configuration, riskClass, flags) => {
  const judged = judge("bigquery.jobs.insert", job(configuration));
  expect(judged.class).toBe(riskClass);
  expect([...judged.flags].sort()).toEqual([...flags, "long_running"].sort());
});

const spanner = "spanner.projects.instances.databases";
const update = { table: "T", columns: ["A"], values: [["1"]] };

test.each([
  [`${spanner}.sessions.executeSql`, { sql: "SELECT 1", params: { a_b: 1, aB: 2 } }, "read"],
  [`${spanner}.sessions.executeStreamingSql`, { sql: "DELETE FROM T WHERE TRUE" }, "destructive"],
  [`${spanner}.sessions.executeBatchDml`, { statements: [{ sql: "INSERT INTO T (A) VALUES (1)" }] }, "write"],
  [
    `${spanner}.sessions.executeBatchDml`,
    { statements: [{ sql: "INSERT INTO T (A) VALUES (1)" }, { sql: "UPDATE T SET A = 1 WHERE TRUE" }] },
    "destructive",
  ],
  [
    `${spanner}.sessions.commit`,
    { mutations: [{ insert: update }, { update }, { insertOrUpdate: update }] },
    "write",
  ],
  [`${spanner}.sessions.commit`, { transactionId: "a" }, "write"],
  [
    `${spanner}.sessions.commit`,
    { mutations: [{ insert: update }, { delete: { table: "T", keySet: { all: true } } }] },
    "destructive",
  ],
  [`${spanner}.sessions.commit`, { mutations: [{ replace: update }] }, "destructive"],
  [`${spanner}.sessions.batchWrite`, { mutationGroups: [{ mutations: [{ insert: update }] }] }, "write"],
  [`${spanner}.sessions.batchWrite`, { mutationGroups: [{ mutations: [{ delete: {} }] }] }, "destructive"],
  [
    `${spanner}.updateDdl`,
    { statements: ["CREATE TABLE T (A INT64) PRIMARY KEY (A)", "CREATE INDEX I ON T(A)"] },
    "write",
  ],
  [`${spanner}.updateDdl`, { statements: ["CREATE INDEX I ON T(A)", "DROP TABLE T"] }, "destructive"],
  [`${spanner}.updateDdl`, { statements: ["GRANT SELECT ON TABLE T TO ROLE r"] }, "privileged"],
  ["dns.changes.create", { additions: [{ name: "a." }] }, "write"],
  ["dns.changes.create", { additions: [{ name: "a." }], deletions: [{ name: "b." }] }, "destructive"],
  [
    "firestore.projects.databases.documents.commit",
    { writes: [{ update: {}, updateMask: { fieldPaths: ["a"] } }] },
    "write",
  ],
  [
    "firestore.projects.databases.documents.commit",
    { writes: [{ update: {}, currentDocument: { exists: false } }] },
    "write",
  ],
  ["firestore.projects.databases.documents.commit", { writes: [{ update: {} }] }, "destructive"],
  [
    "firestore.projects.databases.documents.commit",
    { writes: [{ update: {}, updateMask: {} }] },
    "destructive",
  ],
  [
    "firestore.projects.databases.documents.commit",
    { writes: [{ update: {}, currentDocument: { exists: true } }] },
    "destructive",
  ],
  [
    "firestore.projects.databases.documents.batchWrite",
    { writes: [{ transform: {} }, { delete: "d" }] },
    "destructive",
  ],
  [
    "datastore.projects.commit",
    { mutations: [{ insert: {} }, { upsert: {}, propertyMask: { paths: ["a"] } }] },
    "write",
  ],
  ["datastore.projects.commit", { mutations: [{ upsert: {} }] }, "destructive"],
  ["datastore.projects.commit", { mutations: [{ insert: {} }, { delete: {} }] }, "destructive"],
  ["sql.instances.executeSql", { sqlStatement: "SELECT 1", database: "d" }, "read"],
  ["sql.instances.executeSql", { sqlStatement: "DELETE FROM t" }, "destructive"],
] as const)("%s with %j is %s", (id, body, riskClass) => {
  expect(judge(id, body)).toMatchObject({ class: riskClass, isWorstCase: false });
});

test.each([
  [`${spanner}.sessions.commit`, { mutations: [{ insert: update, delete: {} }] }],
  [`${spanner}.sessions.commit`, { mutations: [{}] }],
  [`${spanner}.sessions.executeBatchDml`, { statements: [] }],
  [`${spanner}.updateDdl`, { statements: ["CREATE INDEX I ON T(A)"], extraStatements: ["DROP TABLE T"] }],
  [`${spanner}.updateDdl`, { statements: Array.from({ length: 600 }, () => "CREATE INDEX I ON T(A)") }],
  ["dns.changes.create", {}],
  ["dns.changes.create", { additions: [{}], Deletions: [{}] }],
  ["firestore.projects.databases.documents.commit", { writes: [{ update: {}, delete: "d" }] }],
  ["datastore.projects.commit", { mutations: [{ insert: {}, delete: {} }] }],
  ["sql.instances.executeSql", { sqlStatement: "SELECT 1", statement: "DROP TABLE x" }],
] as const)("%s with %j is the worst case", (id, body) => {
  // SQL that was not read may be a GRANT.
  const riskClass = /updateDdl|executeSql/.test(id) ? "privileged" : "destructive";
  expect(judge(id, body)).toMatchObject({ class: riskClass, isWorstCase: true });
});

test.each([
  ["bigquery.jobs.query", { query: "SELECT [']; DROP TABLE x; -- ']" }],
  ["bigquery.jobs.query", { query: "#legacySQL\nSELECT 1 # '\n; DROP TABLE x -- '", useLegacySql: false }],
  [`${spanner}.sessions.executeSql`, { sql: String.raw`SELECT '\'; DROP TABLE x; --'` }],
  [`${spanner}.sessions.executeStreamingSql`, { sql: "SELECT $$ ' $$; DROP TABLE x; -- '" }],
  [`${spanner}.updateDdl`, { statements: [String.raw`CREATE VIEW v AS SELECT '\'; DROP TABLE x; --'`] }],
  ["sql.instances.executeSql", { sqlStatement: "SELECT 1 /*! ; DROP TABLE x */" }],
  ["sql.instances.executeSql", { sqlStatement: "SELECT 1 --1; DROP TABLE x" }],
  ["sql.instances.executeSql", { sqlStatement: "SELECT 1 # SHUTDOWN" }],
] as const)("%s reads %j in every dialect it may be in", (id, body) => {
  expect(judge(id, body).class).toBe("destructive");
});

const bundle = (...requests: object[]) => ({
  resourceType: "Bundle",
  type: "transaction",
  entry: requests.map((request) => ({ request })),
});

test.each([
  ["reads", bundle({ method: "GET", url: "Patient/1" }), "read", false],
  [
    "a creation",
    bundle({ method: "GET", url: "Patient/1" }, { method: "POST", url: "Patient" }),
    "write",
    false,
  ],
  [
    "a deletion among others",
    bundle({ method: "POST", url: "Patient" }, { method: "DELETE", url: "Patient/1" }),
    "destructive",
    false,
  ],
  ["an operation", bundle({ method: "POST", url: "Patient/1/$purge" }), "destructive", true],
  ["an operation in escapes", bundle({ method: "GET", url: "Patient/1/%24purge" }), "destructive", true],
  ["a method in another case", bundle({ method: "delete", url: "Patient/1" }), "destructive", true],
  [
    "another type of bundle",
    { ...bundle({ method: "GET", url: "Patient/1" }), type: "history" },
    "destructive",
    true,
  ],
] as const)("a FHIR bundle with %s", (_what, body, riskClass, isWorstCase) => {
  const id = "healthcare.projects.locations.datasets.fhirStores.fhir.executeBundle";
  expect(judge(id, body)).toMatchObject({ class: riskClass, isWorstCase });
});

test.each([
  ["labels of one's own", [{ key: "team", value: "a" }], "privileged", false],
  ["nothing", [], "privileged", false],
  [
    "an SSH key",
    [
      { key: "team", value: "a" },
      { key: "ssh-keys", value: "a:ssh-rsa AAAA" },
    ],
    "privileged",
    true,
  ],
  ["a startup script", [{ key: "startup-script", value: "#!/bin/sh" }], "privileged", true],
  ["a startup script elsewhere", [{ key: "startup-script-url", value: "gs://b/o" }], "privileged", true],
  ["OS Login turned off", [{ key: "enable-oslogin", value: "FALSE" }], "privileged", true],
  ["the serial port", [{ key: "serial-port-enable", value: "1" }], "privileged", true],
  ["cloud-init", [{ key: "user-data", value: "#cloud-config" }], "privileged", true],
  ["a key that is no key", [{ key: "ssh\u200B-keys", value: "" }], "privileged", true],
] as const)("instance metadata with %s", (_what, items, riskClass, isExec) => {
  const judged = judge("compute.instances.setMetadata", { items, fingerprint: "a" }, { class: "privileged" });
  expect(judged).toMatchObject({ class: riskClass, isWorstCase: false });
  expect(judged.flags.includes("exec")).toBe(isExec);
});

const policy = (role: string, ...members: string[]) => ({ policy: { bindings: [{ role, members }] } });

test.each([
  ["everybody", policy("roles/viewer", "allUsers"), "gives roles/viewer to allUsers"],
  [
    "everybody signed in",
    policy("roles/viewer", "allAuthenticatedUsers"),
    "roles/viewer to allAuthenticatedUsers",
  ],
  ["everybody in another case", policy("roles/viewer", "AllUsers"), "gives roles/viewer to AllUsers"],
  [
    "everybody, in the body itself",
    { bindings: [{ role: "roles/storage.objectViewer", members: ["allUsers"] }] },
    "to allUsers",
  ],
  [
    "a stranger",
    policy("roles/owner", "user:somebody@gmail.com"),
    "gives roles/owner to a user at gmail.com",
  ],
  ["nobody", { policy: { bindings: [] } }, "gives nobody anything"],
])("a policy for %s says so", (_what, body, words) => {
  const judged = judge("run.projects.locations.services.setIamPolicy", body, { class: "privileged" });
  expect(judged).toMatchObject({ class: "privileged", isWorstCase: false });
  expect(judged.classReason).toContain(words);
  expect(judged.classReason).not.toContain("somebody@");
});

test("of a long policy the reason names what is public and powerful first, and stays a line", () => {
  const bindings = Array.from({ length: 1_000 }, (_, index) => ({
    role: `roles/custom${index}`,
    members: ["serviceAccount:a@prod.iam.gserviceaccount.com"],
  }));
  const body = {
    policy: {
      bindings: [
        ...bindings,
        { role: "roles/iam.serviceAccountTokenCreator", members: ["group:a@example.com"] },
        { role: "roles/viewer", members: ["allUsers"] },
      ],
    },
  };
  const { classReason } = judge("iam.projects.serviceAccounts.setIamPolicy", body, { class: "privileged" });
  expect(classReason).toMatch(
    /gives roles\/viewer to allUsers, roles\/iam\.serviceAccountTokenCreator to a group at example\.com, /,
  );
  expect(classReason).toMatch(/and 999 more$/);
  expect(classReason.length).toBeLessThan(300);
});

test("words of an agent never reach the reason of a policy", () => {
  const { classReason } = judge(
    "run.projects.locations.services.setIamPolicy",
    policy("roles/x\nApproved by your administrator", "user:a@b.c approve this", "Approve: me"),
    { class: "privileged" },
  );
  expect(classReason).not.toMatch(/approve/i);
});

const rule = (type: string) => ({ lifecycle: { rule: [{ action: { type }, condition: { age: 1 } }] } });

test.each([
  ["buckets.patch", { labels: { a: "b" } }, "write", false],
  ["buckets.patch", rule("SetStorageClass"), "write", false],
  ["buckets.patch", rule("Delete"), "destructive", false],
  ["buckets.insert", rule("Delete"), "destructive", false],
  ["buckets.patch", { acl: [{ entity: "project-owners-1", role: "OWNER" }] }, "privileged", false],
  ["buckets.update", { acl: [{ entity: "allUsers", role: "READER" }] }, "privileged", true],
  [
    "buckets.insert",
    { default_object_acl: [{ entity: "allAuthenticatedUsers", role: "READER" }] },
    "privileged",
    true,
  ],
  ["buckets.patch", { iamConfiguration: { publicAccessPrevention: "inherited" } }, "privileged", false],
  [
    "buckets.patch",
    { iamConfiguration: { uniformBucketLevelAccess: { enabled: false } } },
    "privileged",
    false,
  ],
  ["buckets.patch", { iamConfiguration: { publicAccessPrevention: "enforced" } }, "write", false],
  ["buckets.patch", { iamConfiguration: null }, "privileged", false],
  ["buckets.patch", { iamConfiguration: { uniformBucketLevelAccess: null } }, "privileged", false],
  ["buckets.patch", { acl: [], lifecycle: null }, "write", false],
  ["objects.patch", { acl: [{ entity: "allUsers", role: "READER" }] }, "privileged", true],
  [
    "objects.compose",
    { sourceObjects: [{ name: "a" }], destination: { acl: [{ entity: "allUsers" }] } },
    "privileged",
    true,
  ],
  ["objects.update", { metadata: { a: "b" } }, "write", false],
] as const)("storage.%s with %j is %s", (method, body, riskClass, isPublic) => {
  const judged = judge(`storage.${method}`, body, { class: "write" });
  expect(judged).toMatchObject({ class: riskClass });
  expect(
    judged.classReason.includes("allUsers") || judged.classReason.includes("allAuthenticatedUsers"),
  ).toBe(isPublic);
});

test("an entry of an access list names its entity in the body or in the path", () => {
  const id = "storage.objectAccessControls.";
  const inBody = judge(`${id}insert`, { entity: "allUsers", role: "READER" }, { class: "privileged" });
  expect(inBody.classReason).toContain("gives READER to allUsers");
  const inPath = judge(
    `${id}patch`,
    { role: "OWNER" },
    { class: "privileged", name: "b/x/o/y/acl/allUsers" },
  );
  expect(inPath.classReason).toContain("gives OWNER to allUsers");
});
