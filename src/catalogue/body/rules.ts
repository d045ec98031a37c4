import type { Operation } from "../operation.ts";
import { adding, type BodyRule, replacing, replacingSql } from "./body-rule.ts";
import { judgeAccessControl, judgeBucket, judgeObject, judgePolicy } from "./methods/access.ts";
import { judgeJob, judgeQueryRequest } from "./methods/bigquery.ts";
import { judgeExecuteSql } from "./methods/cloud-sql.ts";
import { judgeChange } from "./methods/dns.ts";
import { judgeDatastoreCommit, judgeWrites } from "./methods/documents.ts";
import { judgeBundle } from "./methods/fhir.ts";
import { judgeMetadata } from "./methods/instance-metadata.ts";
import { judgeBatchDml, judgeBatchWrite, judgeCommit, judgeDdl, judgeSqlRequest } from "./methods/spanner.ts";

const spanner = "spanner.projects.instances.databases";
const firestore = "firestore.projects.databases.documents";

/** Methods whose body decides what they do, by exact id. */
export const bodyRules: ReadonlyMap<string, BodyRule> = new Map([
  // The class of the method is the worst case, and the body may lower it.
  ["bigquery.jobs.insert", replacingSql("POST", judgeJob)],
  ["bigquery.jobs.query", replacingSql("POST", judgeQueryRequest)],
  ["compute.instances.setMetadata", replacing("POST", judgeMetadata)],
  ["compute.projects.setCommonInstanceMetadata", replacing("POST", judgeMetadata)],
  ["datastore.projects.commit", replacing("POST", judgeDatastoreCommit)],
  ["dns.changes.create", replacing("POST", judgeChange)],
  [`${firestore}.batchWrite`, replacing("POST", judgeWrites)],
  [`${firestore}.commit`, replacing("POST", judgeWrites)],
  [`${firestore}.write`, replacing("POST", judgeWrites)],
  [
    "healthcare.projects.locations.datasets.fhirStores.fhir.executeBundle",
    replacing("POST", judgeBundle, ["application/fhir+json", "application/json"]),
  ],
  [`${spanner}.sessions.batchWrite`, replacing("POST", judgeBatchWrite)],
  [`${spanner}.sessions.commit`, replacing("POST", judgeCommit)],
  [`${spanner}.sessions.executeBatchDml`, replacing("POST", judgeBatchDml)],
  [`${spanner}.sessions.executeSql`, replacing("POST", judgeSqlRequest)],
  [`${spanner}.sessions.executeStreamingSql`, replacing("POST", judgeSqlRequest)],
  [`${spanner}.updateDdl`, replacingSql("PATCH", judgeDdl)],
  ["sql.instances.executeSql", replacingSql("POST", judgeExecuteSql)],

  // The body may make it worse.
  ["storage.bucketAccessControls.insert", adding("POST", judgeAccessControl)],
  ["storage.bucketAccessControls.patch", adding("PATCH", judgeAccessControl)],
  ["storage.bucketAccessControls.update", adding("PUT", judgeAccessControl)],
  ["storage.buckets.insert", adding("POST", judgeBucket)],
  ["storage.buckets.patch", adding("PATCH", judgeBucket)],
  ["storage.buckets.update", adding("PUT", judgeBucket)],
  ["storage.defaultObjectAccessControls.insert", adding("POST", judgeAccessControl)],
  ["storage.defaultObjectAccessControls.patch", adding("PATCH", judgeAccessControl)],
  ["storage.defaultObjectAccessControls.update", adding("PUT", judgeAccessControl)],
  ["storage.objectAccessControls.insert", adding("POST", judgeAccessControl)],
  ["storage.objectAccessControls.patch", adding("PATCH", judgeAccessControl)],
  ["storage.objectAccessControls.update", adding("PUT", judgeAccessControl)],
  ["storage.objects.compose", adding("POST", judgeObject)],
  ["storage.objects.copy", adding("POST", judgeObject)],
  ["storage.objects.insert", adding("POST", judgeObject)],
  ["storage.objects.patch", adding("PATCH", judgeObject)],
  ["storage.objects.rewrite", adding("POST", judgeObject)],
  ["storage.objects.update", adding("PUT", judgeObject)],
]);

/** Every API has a method of this name, all with the one request of google.iam.v1. */
export const policyRule: BodyRule = adding("POST", judgePolicy);

export function ruleFor({ id }: Pick<Operation, "id">): BodyRule | undefined {
  return bodyRules.get(id) ?? (id.endsWith(".setIamPolicy") ? policyRule : undefined);
}
