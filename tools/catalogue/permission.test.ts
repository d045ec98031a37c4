import { expect, test } from "vitest";
import type { ApiVersion, Method } from "./intermediate.ts";
import { type PermissionRule, permissionOf } from "./permission.ts";

const rules = new Map<string, PermissionRule>([
  ["secretmanager", rule("secretmanager", "secretmanager", [], ["access"])],
  ["sql", rule("sql", "cloudsql", [["flags"]], ["export"])],
  ["compute", rule("compute", "compute", [["globalPublicDelegatedPrefixes", "patch"]], ["start"])],
  ["pubsub", rule("pubsub", "pubsub", [], ["publish"])],
]);

function rule(api: string, service: string, except: string[][], verbs: string[]): PermissionRule {
  return { api, service, except, verbs: new Set(verbs) };
}

const homes = ["pubsub.projects.subscriptions.get", "compute.disks.get", "pubsub.projects.topics.get"];

function permission(id: string, description?: string): string | undefined {
  const version: ApiVersion = {
    api: "x",
    version: "v1",
    methods: homes.map((home) => method(home)),
    schemas: new Map(),
  };
  const found = permissionOf(method(id, description), version, rules);
  return found && `${found.basis} ${found.name}`;
}

function method(id: string, description?: string): Method {
  return {
    api: "x",
    version: "v1",
    id,
    verb: "POST",
    host: "x.googleapis.com",
    template: "/v1/x",
    uploadTemplate: undefined,
    isApproximate: false,
    requestSchema: undefined,
    responseSchema: undefined,
    queryParameters: [],
    description,
  };
}

test.each([
  ["secretmanager.projects.secrets.versions.access", "secretmanager.versions.access"],
  ["compute.disks.insert", "compute.disks.create"],
  ["compute.disks.aggregatedList", "compute.disks.list"],
  ["compute.instances.start", "compute.instances.start"],
  ["sql.instances.patch", "cloudsql.instances.update"],
  ["pubsub.projects.topics.setIamPolicy", "pubsub.topics.setIamPolicy"],
  ["pubsub.projects.subscriptions.list", "pubsub.subscriptions.list"],
])("%s asks for %s by its name", (id, name) => {
  expect(permission(id)).toBe(`derived ${name}`);
});

test.each([
  ["an API without a rule", "unheard.things.get"],
  ["a method that is no permission", "secretmanager.projects.secrets.addVersion"],
  ["a collection named in another way", "sql.flags.list"],
  ["a method named in another way", "compute.globalPublicDelegatedPrefixes.patch"],
  ["operations", "secretmanager.projects.locations.operations.get"],
  ["a list that asks something of the parent", "pubsub.projects.topics.subscriptions.list"],
])("nothing is said of %s", (_, id) => {
  expect(permission(id)).toBeUndefined();
});

const spanner =
  "Sets it. Authorization requires `spanner.databases.setIamPolicy` permission on resource. For backups, " +
  "authorization requires `spanner.backups.setIamPolicy` permission on resource.";

test.each([
  [
    "bigquery.datasets.patch",
    "# IAM Permissions Requires the following IAM permission(s) to use this method: - `bigquery.datasets.update` on the dataset. - `bigquery.datasets.get` on the dataset.",
    "bigquery.datasets.update",
  ],
  [
    "bigquery.jobs.query",
    "Runs. # IAM Permissions Requires the `bigquery.jobs.create` permission on the project resource.",
    "bigquery.jobs.create",
  ],
  [
    "dns.changes.create",
    "Note: While `dns.changes.create` is the baseline permission required to invoke this method, more.",
    "dns.changes.create",
  ],
  [
    "apigee.x.deploy",
    "If so, two permissions are required: * `apigee.deployments.create` on the resource.",
    undefined,
  ],
  [
    "healthcare.fhir.conditionalPatch",
    "This method requires the`healthcare.fhirStores.searchResources` permission on it.",
    "healthcare.fhirStores.searchResources",
  ],
  ["spanner.projects.instances.backups.setIamPolicy", spanner, "spanner.backups.setIamPolicy"],
  ["spanner.projects.instances.databases.setIamPolicy", spanner, "spanner.databases.setIamPolicy"],
  ["x.things.get", "If you filter, this requires `x.things.filter` permission on the thing.", undefined],
  ["x.things.update", "1. Requires the `x.things.cancel` permission to cancel a thing.", undefined],
  ["x.things.get", "For more information requires see cloud.google.com permission.", undefined],
])("%s: what its description states unconditionally", (id, description, name) => {
  expect(permission(id, description)).toBe(name && `described ${name}`);
});
