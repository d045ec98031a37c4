import { expect, test } from "vitest";
import type { RawHeader } from "#lib/headers";
import { loadCatalogue } from "./index.ts";

// Requests of gcloud 528, bq and gsutil as they were seen on the wire, with made-up names.

const catalogue = loadCatalogue();

function understand(request: string, headers: readonly RawHeader[] = []) {
  const [method = "", url = ""] = request.split(" ");
  const [, host = "", target = ""] = /^([^/]+)(\/.*)$/.exec(url) ?? [];
  return catalogue.understand({ method, host, target, headers });
}

const wire: readonly (readonly [command: string, request: string, id: string, risk: string])[] = [
  [
    "projects list",
    "GET cloudresourcemanager.googleapis.com/v1/projects?alt=json&filter=lifecycleState%3AACTIVE&pageSize=500",
    "cloudresourcemanager.projects.list",
    "read",
  ],
  [
    "functions list",
    "GET cloudfunctions.googleapis.com/v2/projects/p1/locations/-/functions?alt=json&filter=environment%3D%22GEN_2%22&pageSize=100",
    "cloudfunctions.projects.locations.functions.list",
    "read",
  ],
  [
    "functions deploy",
    "GET cloudfunctions.googleapis.com/v2/projects/p1/locations/us-central1/functions/f?alt=json",
    "cloudfunctions.projects.locations.functions.get",
    "read",
  ],
  [
    "functions deploy",
    "GET cloudfunctions.googleapis.com/v2/projects/p1/locations/us-central1/runtimes?alt=json",
    "cloudfunctions.projects.locations.runtimes.list",
    "read",
  ],
  [
    "functions deploy",
    "POST cloudfunctions.googleapis.com/v2/projects/p1/locations/us-central1/functions:generateUploadUrl?alt=json",
    "cloudfunctions.projects.locations.functions.generateUploadUrl",
    "secret_read",
  ],
  [
    "functions deploy",
    "GET serviceusage.googleapis.com/v1/projects/p1/services/run.googleapis.com?alt=json",
    "serviceusage.services.get",
    "read",
  ],
  [
    "functions deploy",
    "GET serviceusage.googleapis.com/v1/projects/p1/services:batchGet?names=projects%2Fp1%2Fservices%2Fa&names=projects%2Fp1%2Fservices%2Fb",
    "serviceusage.services.batchGet",
    "read",
  ],
  [
    "functions deploy",
    "GET cloudbuild.googleapis.com/v1/projects/p1/locations/us-central1/defaultServiceAccount?alt=json",
    "cloudbuild.projects.locations.getDefaultServiceAccount",
    "read",
  ],
  [
    "functions deploy",
    "POST cloudresourcemanager.googleapis.com/v1/projects/p1:getIamPolicy?alt=json",
    "cloudresourcemanager.projects.getIamPolicy",
    "read",
  ],
  [
    "functions deploy",
    "POST cloudfunctions.googleapis.com/v2/projects/p1/locations/us-central1/functions?alt=json&functionId=f",
    "cloudfunctions.projects.locations.functions.create",
    "write",
  ],
  [
    "functions deploy",
    "PATCH cloudfunctions.googleapis.com/v2/projects/p1/locations/us-central1/functions/f?updateMask=buildConfig",
    "cloudfunctions.projects.locations.functions.patch",
    "write",
  ],
  [
    "functions deploy",
    "GET cloudfunctions.googleapis.com/v2/projects/p1/locations/us-central1/operations/operation-1",
    "cloudfunctions.projects.locations.operations.get",
    "read",
  ],
  [
    "functions deploy",
    "POST run.googleapis.com/v2/projects/p1/locations/us-central1/services/f:setIamPolicy",
    "run.projects.locations.services.setIamPolicy",
    "privileged",
  ],
  [
    "functions deploy",
    "GET run.googleapis.com/v1/projects/p1/locations/us-central1/services/f:getIamPolicy?alt=json",
    "run.projects.locations.services.getIamPolicy",
    "read",
  ],
  [
    "functions delete",
    "DELETE cloudfunctions.googleapis.com/v2/projects/p1/locations/us-central1/functions/f?alt=json",
    "cloudfunctions.projects.locations.functions.delete",
    "destructive",
  ],
  [
    "run services list",
    "GET us-central1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p1/services?alt=json",
    "run.namespaces.services.list",
    "read",
  ],
  [
    "run deploy",
    "POST us-central1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p1/services?alt=json",
    "run.namespaces.services.create",
    "write",
  ],
  [
    "run deploy",
    "PUT us-central1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p1/services/web",
    "run.namespaces.services.replaceService",
    "write",
  ],
  [
    "storage ls",
    "GET storage.googleapis.com/storage/v1/b/bkt/o?alt=json&fields=prefixes%2Citems%2Fname&delimiter=%2F&includeFoldersAsPrefixes=True&maxResults=1000&projection=noAcl",
    "storage.objects.list",
    "read",
  ],
  [
    "storage buckets list",
    "GET storage.googleapis.com/storage/v1/b?alt=json&maxResults=1000&project=p1&projection=full",
    "storage.buckets.list",
    "read",
  ],
  [
    "storage cat",
    "GET storage.googleapis.com/download/storage/v1/b/bkt/o/x?generation=1&alt=media",
    "storage.objects.get",
    "read",
  ],
  [
    "storage cp",
    "POST storage.googleapis.com/upload/storage/v1/b/bkt/o?alt=json&uploadType=multipart",
    "storage.objects.insert",
    "write",
  ],
  [
    "storage cp, 12 MB",
    "POST storage.googleapis.com/resumable/upload/storage/v1/b/bkt/o?alt=json&uploadType=resumable",
    "storage.objects.insert",
    "write",
  ],
  [
    "storage rm",
    "DELETE storage.googleapis.com/storage/v1/b/bkt/o/x?alt=json",
    "storage.objects.delete",
    "destructive",
  ],
  [
    "secrets versions access",
    "GET secretmanager.googleapis.com/v1/projects/p1/secrets/s/versions/latest:access?alt=json",
    "secretmanager.projects.secrets.versions.access",
    "secret_read",
  ],
  [
    "compute instances list",
    "GET compute.googleapis.com/compute/v1/projects/p1/aggregated/instances?alt=json&includeAllScopes=True&maxResults=500&returnPartialSuccess=True",
    "compute.instances.aggregatedList",
    "read",
  ],
  [
    "compute instances delete",
    "DELETE compute.googleapis.com/compute/v1/projects/p1/zones/us-central1-a/instances/i1?alt=json",
    "compute.instances.delete",
    "destructive",
  ],
  [
    "compute instances delete",
    "POST compute.googleapis.com/compute/v1/projects/p1/zones/us-central1-a/operations/op/wait?alt=json",
    "compute.zoneOperations.wait",
    "read",
  ],
  [
    "iam service-accounts keys create",
    "POST iam.googleapis.com/v1/projects/-/serviceAccounts/sa@p1.iam.gserviceaccount.com/keys?alt=json",
    "iam.projects.serviceAccounts.keys.create",
    "secret_read",
  ],
  [
    "pubsub topics create",
    "PUT pubsub.googleapis.com/v1/projects/p1/topics/topic1?alt=json",
    "pubsub.projects.topics.create",
    "write",
  ],
  [
    "pubsub topics publish",
    "POST pubsub.googleapis.com/v1/projects/p1/topics/topic1:publish?alt=json",
    "pubsub.projects.topics.publish",
    "write",
  ],
  [
    "pubsub topics delete",
    "DELETE pubsub.googleapis.com/v1/projects/p1/topics/topic1?alt=json",
    "pubsub.projects.topics.delete",
    "destructive",
  ],
  [
    "artifacts repositories list",
    "GET artifactregistry.googleapis.com/v1beta2/projects/p1/locations?alt=json",
    "artifactregistry.projects.locations.list",
    "read",
  ],
  [
    "sql instances list",
    "GET sqladmin.googleapis.com/sql/v1beta4/projects/p1/instances?alt=json&maxResults=1000",
    "sql.instances.list",
    "read",
  ],
  ["logging read", "POST logging.googleapis.com/v2/entries:list?alt=json", "logging.entries.list", "read"],
  ["bq", "GET bigquery.googleapis.com/$discovery/rest?version=v2", "discovery.apis.getRest", "read"],
  ["terraform's state", "GET storage.googleapis.com/tf-state/default.tfstate", "storage.objects.get", "read"],
];

test.each(wire)("gcloud %s: %s is %s", (_, request, id, risk) => {
  const result = understand(request);
  expect(result).toMatchObject({ kind: "call", call: { operation: { id, class: risk } } });
});

test("a key created by service account e-mail belongs to the project in the e-mail", () => {
  const result = understand(
    "POST iam.googleapis.com/v1/projects/-/serviceAccounts/sa@p1.iam.gserviceaccount.com/keys",
  );
  expect(result).toMatchObject({ call: { resource: { project: "p1", type: "serviceAccounts" } } });
});

test("a regional run host gives the location its path does not name", () => {
  const result = understand(
    "GET us-central1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p1/services/web",
  );
  expect(result).toMatchObject({
    call: {
      host: "us-central1-run.googleapis.com",
      resource: { project: "p1", location: "us-central1", type: "services" },
    },
  });
});

test("uploads and downloads say that bytes travel, and which upload opens a session URL", () => {
  const media = (request: string, headers: readonly RawHeader[] = []) => {
    const result = understand(request, headers);
    return result.kind === "call" ? result.call.media : result.kind;
  };
  expect(media("POST storage.googleapis.com/upload/storage/v1/b/bkt/o?uploadType=multipart")).toBe("upload");
  expect(media("POST storage.googleapis.com/upload/storage/v1/b/bkt/o?uploadType=resumable&name=a")).toBe(
    "resumable_upload",
  );
  expect(
    media("POST storage.googleapis.com/upload/storage/v1/b/bkt/o?name=a", [
      ["X-Goog-Upload-Protocol", "resumable"],
    ]),
  ).toBe("resumable_upload");
  expect(media("POST storage.googleapis.com/resumable/upload/storage/v1/b/bkt/o")).toBe("resumable_upload");
  expect(media("GET storage.googleapis.com/storage/v1/b/bkt/o/x?alt=media")).toBe("download");
  expect(media("GET storage.googleapis.com/storage/v1/b/bkt/o/x?alt=json")).toBeUndefined();
});

test("the URL that uploads source code is left to the register of capabilities", () => {
  expect(
    understand(
      "PUT storage.googleapis.com/gcf-v2-uploads-1-us-central1/3f.zip?GoogleAccessId=x&Expires=1&Signature=y",
    ),
  ).toEqual({
    kind: "session_url",
    host: "storage.googleapis.com",
  });
  expect(understand("PUT storage.googleapis.com/gcf/3f.zip?gatehouse_handle=abc").kind).toBe("session_url");
});

test("deleting two instances at once is a batch, refused with the next step", () => {
  const result = understand("POST compute.googleapis.com/batch/compute/v1");
  expect(result).toMatchObject({ kind: "unknown", code: "batch_refused" });
  expect(result.kind === "unknown" && result.detail).toContain("one by one");
});

test("gsutil's API key in the query is refused, and not repeated in the refusal", () => {
  const result = understand("GET storage.googleapis.com/storage/v1/b?project=p1&key=AIzaSyExample");
  expect(result).toMatchObject({ kind: "unknown", code: "parameter_refused" });
  expect(JSON.stringify(result)).not.toContain("AIza");
});

test("a parameter the method takes more than once is read whole; any other duplicate is refused", () => {
  const result = understand(
    "GET storage.googleapis.com/storage/v1/b/bkt/iam/testPermissions?permissions=a&permissions=b",
  );
  expect(result.kind === "call" && result.call.repeatedQuery?.get("permissions")).toEqual(["a", "b"]);
  expect(result.kind === "call" && result.call.query.has("permissions")).toBe(false);
  expect(understand("GET storage.googleapis.com/storage/v1/b/bkt/o?prefix=a&prefix=b")).toMatchObject({
    code: "parameter_refused",
  });
});

test("a call by the old host www.googleapis.com has the full name of its own service", () => {
  const result = understand("DELETE www.googleapis.com/bigquery/v2/projects/p1/datasets/sales");
  expect(result).toMatchObject({
    call: {
      host: "www.googleapis.com",
      resource: { fullName: "//bigquery.googleapis.com/projects/p1/datasets/sales" },
    },
  });
});

test("every alias names operations, and none is an operation's id", () => {
  const aliases = new Set([...catalogue.operations()].flatMap((operation) => operation.aliases));
  expect(aliases.size).toBeGreaterThanOrEqual(15);
  for (const alias of aliases) expect(catalogue.operation(alias), alias).toBeUndefined();
});

test("deploying is one name for creating and updating, over every version of functions and run", () => {
  const deploys = [...catalogue.operations()]
    .filter(({ aliases }) => aliases.includes("cloudfunctions.deploy") || aliases.includes("run.deploy"))
    .map(({ id, version }) => `${id.replace(/^.*\.(\w+\.\w+)$/, "$1")} ${version}`);
  expect(new Set(deploys)).toEqual(
    new Set([
      ...["v1", "v2", "v2alpha", "v2beta"].flatMap((version) => [
        `functions.create ${version}`,
        `functions.patch ${version}`,
      ]),
      "services.create v1",
      "services.replaceService v1",
      "services.create v2",
      "services.patch v2",
    ]),
  );
});
