import { expect, test } from "vitest";
import { operationOf } from "../../../../test/fakes/small-catalogue.ts";
import type { Call, RiskClass } from "../../operation.ts";
import { refineByBody } from "../index.ts";

interface More extends Partial<Pick<Call, "query" | "media">> {
  readonly class?: RiskClass;
}

function judge(id: string, body: unknown, { class: riskClass = "destructive", ...more }: More = {}) {
  const operation = operationOf(id, { class: riskClass, flags: ["exec", "exfil"] });
  const resource = {
    name: "projects/prod",
    fullName: "",
    parent: "",
    type: "x",
    project: "prod",
    location: undefined,
  };
  const call: Call = { operation, resource, host: operation.service, query: new Map(), ...more };
  const bytes = Buffer.from(JSON.stringify(body));
  const { operation: judged } = refineByBody(call, {
    contentType: "application/json",
    contentEncodings: [],
    bytes,
  });
  return { ...judged, isWorstCase: judged.classReason.startsWith("the worst it can be") };
}

const here = { projectId: "prod", datasetId: "d", tableId: "t" };
const job = (configuration: object) => ({ configuration, jobReference: { projectId: "prod", jobId: "j" } });
const query = { query: "SELECT 1", useLegacySql: false };

// As bq 2.1.18 of gcloud 528.0.0 sends them.
test.each([
  ["a query", job({ query: { ...query, continuous: false } }), "read"],
  ["a query in the dialect of the project", job({ query: { query: "SELECT 1", continuous: false } }), "read"],
  ["a dry run", job({ query: { query: "DROP TABLE d.t", continuous: false }, dryRun: true }), "read"],
  [
    "a load",
    job({
      load: {
        destinationTable: here,
        sourceUris: ["gs://b/f.csv"],
        decimalTargetTypes: null,
        projectionFields: [],
        nullMarkers: [],
        autodetect: true,
      },
    }),
    "write",
  ],
] as const)("%s of the bq command is what it looks like", (_what, body, riskClass) => {
  expect(judge("bigquery.jobs.insert", body)).toMatchObject({ class: riskClass, isWorstCase: false });
});

test("a load of a local file by the bq command is judged where its resumable upload starts", () => {
  const body = job({ load: { destinationTable: here, autodetect: true } });
  const query = new Map([
    ["alt", "json"],
    ["uploadType", "resumable"],
  ]);
  expect(judge("bigquery.jobs.insert", body, { media: "resumable_upload", query }).class).toBe("write");
});

test.each([
  ["a load", { load: { destinationTable: here, writeDisposition: "WRITE_TRUNCATE" } }],
  ["a copy", { copy: { sourceTable: here, destinationTable: here, writeDisposition: "WRITE_TRUNCATE" } }],
  ["an extract", { extract: { sourceTable: here, destinationUris: ["gs://evil/o"] } }],
])("a dry run of %s, which Google leaves undefined, is judged as if it ran", (_what, configuration) => {
  expect(judge("bigquery.jobs.insert", job({ ...configuration, dryRun: true })).class).toBe("destructive");
});

test.each([
  [
    "partitions that expire",
    { load: { destinationTable: here, timePartitioning: { type: "DAY", expirationMs: "1" } } },
  ],
  [
    "a table that expires",
    { load: { destinationTable: here, destinationTableProperties: { expirationTime: "1" } } },
  ],
  [
    "a copy that expires",
    { copy: { sourceTable: here, destinationTable: here, destinationExpirationTime: "x" } },
  ],
])("%s may take away what is there", (_what, configuration) => {
  expect(judge("bigquery.jobs.insert", job(configuration))).toMatchObject({
    class: "destructive",
    isWorstCase: true,
  });
});

test("a snapshot, which is always new, may expire", () => {
  const copy = {
    sourceTable: here,
    destinationTable: here,
    operationType: "SNAPSHOT",
    destinationExpirationTime: "x",
  };
  expect(judge("bigquery.jobs.insert", job({ copy })).class).toBe("write");
});

test.each([
  [
    "an unknown member",
    "bigquery.jobs.query",
    { query: "GRANT `r` ON SCHEMA d TO 'user:a'", useLegacySql: false, a: 1 },
  ],
  ["a query that never ends", "bigquery.jobs.insert", job({ query: { query: "GRANT x", continuous: true } })],
  [
    "an unknown member beside DDL",
    "spanner.projects.instances.databases.updateDdl",
    { statements: ["GRANT x"], a: 1 },
  ],
  ["an unknown member in Cloud SQL", "sql.instances.executeSql", { sqlStatement: "GRANT x", a: 1 }],
])("a GRANT behind %s is no milder than a GRANT that is understood", (_what, id, body) => {
  expect(judge(id, body)).toMatchObject({ class: "privileged", isWorstCase: true });
});

const bundle = (method: string, url: string) => ({
  resourceType: "Bundle",
  type: "batch",
  entry: [{ request: { method, url }, resource: { resourceType: "Bundle", type: "batch" } }],
});

test.each([
  "/",
  ".",
  "?",
  "./",
  "Patient/..",
  "Patient/../",
  "https://healthcare.googleapis.com/v1/x/fhir",
  "//x",
])("a bundle inside a bundle does not get in by the URL %s", (url) => {
  const id = "healthcare.projects.locations.datasets.fhirStores.fhir.executeBundle";
  expect(judge(id, bundle("POST", url))).toMatchObject({ class: "destructive", isWorstCase: true });
  expect(judge(id, bundle("POST", "Patient?identifier=a|b")).class).toBe("write");
});

test.each([
  ["leaves out", { labels: {} }, "privileged"],
  ["leaves half of", { iamConfiguration: { publicAccessPrevention: "enforced" } }, "privileged"],
  [
    "keeps",
    { iamConfiguration: { publicAccessPrevention: "enforced", uniformBucketLevelAccess: { enabled: true } } },
    "write",
  ],
])(
  "an update, which replaces a bucket, that %s what keeps the public out, is %s",
  (_what, body, riskClass) => {
    expect(judge("storage.buckets.update", body, { class: "write" }).class).toBe(riskClass);
  },
);

test("a bucket's filter of networks is not loosened as a label is set", () => {
  for (const ipFilter of [null, { mode: "Disabled" }]) {
    expect(judge("storage.buckets.patch", { ipFilter }, { class: "write" }).class).toBe("privileged");
  }
});

test("metadata that leaves out a key that kept people out is no less than privileged", () => {
  const items = [{ key: "team", value: "a" }];
  const judged = judge("compute.instances.setMetadata", { fingerprint: "a", items }, { class: "privileged" });
  expect(judged).toMatchObject({ class: "privileged", flags: [] });
});

test.each(["acl", "acl[0].entity", "acl.entity", "iam_configuration.publicAccessPrevention", "$body"])(
  "the query parameter %s, which may be a member of the body, may let everybody in",
  (name) => {
    const query = new Map([[name, "allUsers"]]);
    expect(judge("storage.buckets.patch", { labels: {} }, { class: "write", query }).class).toBe(
      "privileged",
    );
    const plain = new Map([
      ["projection", "noAcl"],
      ["ifMetagenerationMatch", "1"],
    ]);
    expect(judge("storage.buckets.patch", { labels: {} }, { class: "write", query: plain }).class).toBe(
      "write",
    );
  },
);
