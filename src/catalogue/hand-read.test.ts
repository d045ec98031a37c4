import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readGeneratedFiles } from "./load.ts";

const order = ["read", "write", "destructive", "privileged", "secret_read", "unknown"];
const rows = readGeneratedFiles().flatMap((file) => file.operations);

/** How bad a reader found a method, beside every class the catalogue gives it in any version. */
const sample = readFileSync(join(import.meta.dirname, "vectors/hand-read.tsv"), "utf8")
  .trimEnd()
  .split("\n")
  .slice(2)
  .map((line) => {
    const [verdict = "", verb = "", id = ""] = line.split("\t");
    const classes = rows
      .filter((row) => row.id === id && row.http.some((route) => route.startsWith(`${verb} `)))
      .map((row) => row.class);
    return { verdict, verb, id, classes };
  });

test("every method a reader judged exists", () => {
  expect(sample.length).toBeGreaterThanOrEqual(168);
  expect(sample.filter(({ classes }) => classes.length === 0)).toEqual([]);
});

test("no method is classed milder than a reader found it", () => {
  const milder = sample.filter(({ verdict, classes }) =>
    classes.some((each) => order.indexOf(each) < order.indexOf(verdict)),
  );
  expect(milder).toEqual([]);
});

test("what a reader found to be reading is not held up as something worse", () => {
  const harsher = sample.filter(
    ({ verdict, classes }) => verdict === "read" && classes.some((each) => each !== "read"),
  );
  expect(harsher).toEqual([]);
});

/** Verbs that change, run or hand out something, wherever they stand first in a method's name. */
const suspicious = new RegExp(
  `^(?:${(
    "abort accept access acquire activate add apply approve archive assign attach bind block call cancel clear clone collect commit " +
      "complete convert copy create decrypt delete demote deploy destroy detach disable dismiss download drain drop enable encrypt " +
      "enroll evict exchange execute expire export failover finalize finish freeze generate grant hibernate import ingest inject " +
      "insert install invalidate invoke issue join launch lease link lock make mark merge migrate mint modify move mute mutate " +
      "overwrite patch pause promote provision publish purge push put reboot recreate refresh register reimage reject release " +
      "remove rename replace reset resize restart restore resume revert revoke rewrite rollback rotate run save schedule seek send " +
      "set share sign snapshot start stop submit subscribe suspend switch switchover sync terminate transfer trigger truncate turn " +
      "unbind undelete undeploy unlink unlock unpublish update upgrade upload upsert wipe withdraw write"
  ).replaceAll(" ", "|")})(?![a-z])`,
);

/** What `suspicious` finds among the reads, each looked at: why it reads all the same. */
const cleared: ReadonlyMap<string, readonly string[]> = new Map([
  [
    "answers with what it made and keeps nothing",
    [
      "generate",
      "generateConfigReport",
      "generateConsistencyToken",
      "generateDataQualityRules",
      "generateDeployChangeReport",
      "generateExclusivityManifest",
      "generateInsights",
      "generateMembershipRBACRoleBindingYAML",
      "generateMonitoringPointConfig",
      "generateOpenApiSpec",
      "generatePackagesSummary",
      "generateQuery",
      "generateSchema",
      "generateSshScript",
      "generateTcpProxyScript",
      "generateUndeployChangeReport",
      "generateInitialChangeStreamPartitions",
      "generateOnboardingSuggestions",
      "generateOptimizedManifest",
      "completeExternalIdentities",
      "completeQuery",
      "complete",
    ],
  ],
  [
    "asks a model",
    [
      "generateContent",
      "streamGenerateContent",
      "generateInstanceRubrics",
      "generateLossClusters",
      "generateStatelessSummary",
      "generateSyntheticData",
      "generateUserScenarios",
    ],
  ],
  [
    "looks at a Spark application",
    [
      "access",
      "accessEnvironmentInfo",
      "accessJob",
      "accessNativeBuildInfo",
      "accessNativeSqlQuery",
      "accessSqlPlan",
      "accessSqlQuery",
      "accessStageAttempt",
      "accessStageRddGraph",
    ],
  ],
  [
    "runs a query that cannot write",
    [
      "executeGraphqlRead",
      "executeQuery",
      "runAggregationQuery",
      "runQuery",
      "createReadSession",
      "executeDashboardQuery",
    ],
  ],
  [
    "the export is the answer",
    [
      "export",
      "exportData",
      "exportExerciseTcx",
      "exportImageMetadata",
      "exportInvocation",
      "exportLock",
      "exportMetadata",
      "exportProjectMetadata",
      "exportStatus",
      "exportTensorboardTimeSeries",
    ],
  ],
  ["hands out what is stored, not a secret", ["download", "downloadJsonPackage"]],
  ["lists, or streams what happens", ["pushNotificationConfigs", "subscribe"]],
]);

test("no method that takes away, grants or hands out secrets is classed as a read, by name", () => {
  const reviewed = new Set([...cleared.values()].flat());
  const reads = rows.filter((row) => row.class === "read").map((row) => row.id);
  const found = reads.filter((id) => suspicious.test(plainName(id)) && !reviewed.has(lastName(id)));
  expect([...new Set(found)]).toEqual([]);
});

test("no read names a token, a password or a key as what it gives, but those that give none", () => {
  const giving =
    /(?:token|password|secret|credential|privatekey|keystring|jwt|wallet|kubeconfig|screenshot)s?$/i;
  const harmless = [
    // They count tokens of text, or tell of a token without it.
    "computeTokens",
    "countTokens",
    "generateConsistencyToken",
    "checkRefreshToken",
  ];
  const reads = rows.filter((row) => row.class === "read").map((row) => lastName(row.id));
  expect([...new Set(reads)].filter((name) => giving.test(name) && !harmless.includes(name))).toEqual([]);
});

test("no GET with a verb that acts is classed as a read unless somebody looked at it", () => {
  const gets = rows
    .filter((row) => row.class === "read" && row.http.some((route) => /^GET .*:[a-z]/.test(route)))
    .map((row) => lastName(row.id));
  const acting = /^(?:cancel|restart|restore|move|start|finish|stop|delete|collect|bulk-?[eE]xport)/;
  expect(gets.filter((name) => acting.test(name))).toEqual([]);
});

/** Names of rpcs begin with a capital; those of REST methods do not. */
function lastName(id: string): string {
  const slash = id.lastIndexOf("/");
  const name = id.slice(Math.max(id.lastIndexOf("."), slash) + 1);
  return slash < 0 ? name : name.charAt(0).toLowerCase() + name.slice(1);
}

/** The name from the word that tells what is done: `batchDelete` tells of deleting, `DeleteBackup` too. */
function plainName(id: string): string {
  const name = lastName(id).replace(/^(?:batch|bulk|direct|async)-?(?=[A-Z])/, "");
  return name.charAt(0).toLowerCase() + name.slice(1);
}
