import { expect, test } from "vitest";
import { readGeneratedFiles } from "../../src/catalogue/load.ts";
import { classify } from "./classify.ts";
import { readCurated } from "./curated.ts";
import { exactReadingNames } from "./names.ts";

const curated = readCurated();

function classOf(verb: string, id: string): string {
  return classify({ verb, id }, curated).class;
}

test.each([
  ["POST", "service.things.deidentifyEverything"],
  ["POST", "service.things.reader"],
  ["POST", "service.things.searchAndReplace"],
  ["POST", "service.things.lookupOrCreate"],
  ["POST", "service.things.listenEvent"],
  ["POST", "service.things.getterSet"],
  ["POST", "service.things.validated"],
  ["POST", "service.things.queryAndStore"],
  ["POST", "service.things.process"],
  ["POST", "service.things.resolve"],
  ["POST", "service.things.check"],
  ["POST", "service.things.test"],
  ["POST", "service.things.answer"],
  ["POST", "service.things.batchPredict"],
  ["POST", "service.things.approvedList"],
  ["PATCH", "service.things.getIamPolicy"],
  ["PUT", "service.things.listThings"],
])("%s %s is not taken for a read by its name", (verb, id) => {
  expect(classOf(verb, id)).toBe("write");
});

test.each([
  ["POST", "service.things.deleteAll"],
  ["POST", "service.things.batchDelete"],
  ["POST", "service.things.bulkPurge"],
  ["POST", "service.things.directDelete"],
  ["POST", "service.things.DeleteBackup"],
  ["POST", "service.things.promote"],
  ["POST", "service.things.pauseReplica"],
  ["POST", "service.things.invalidateCache"],
  ["PATCH", "service.things.cancel"],
  ["DELETE", "service.things.getThing"],
  ["GET", "service.things.cancel"],
  ["GET", "service.things.restoreVersion"],
])("%s %s takes something away", (verb, id) => {
  expect(classOf(verb, id)).toBe("destructive");
});

test("a word counts only at the beginning: `undelete` gives back", () => {
  expect(classOf("POST", "cloudresourcemanager.projects.undelete")).toBe("write");
});

test("changing access is privileged in every service, known or not", () => {
  expect(classOf("POST", "newservice.things.setIamPolicy")).toBe("privileged");
  expect(classOf("POST", "newservice.things.removeIamPolicy")).toBe("privileged");
  expect(classOf("POST", "newservice.things.approve")).toBe("privileged");
  expect(classOf("PUT", "storage.buckets.setIamPolicy")).toBe("privileged");
});

test("iam rules are anchored: iamcredentials and cloudresourcemanager are not iam", () => {
  expect(classOf("POST", "iamlike.things.create")).toBe("write");
  expect(classOf("POST", "cloudresourcemanager.projects.create")).toBe("write");
  expect(classOf("POST", "iam.projects.roles.create")).toBe("privileged");
});

test.each([
  ["POST", "cloudkms.projects.locations.keyRings.cryptoKeys.encrypt"],
  ["POST", "cloudkms.projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.destroy"],
  ["POST", "cloudkms.projects.locations.keyRings.cryptoKeys.cryptoKeyVersions.macSign"],
  ["PATCH", "orgpolicy.projects.policies.patch"],
  ["DELETE", "accesscontextmanager.accessPolicies.servicePerimeters.delete"],
  ["POST", "accessapproval.projects.approvalRequests.dismiss"],
  ["POST", "clouddeploy.projects.locations.deliveryPipelines.releases.rollouts.approve"],
  ["POST", "directory.users.makeAdmin"],
  ["POST", "directory.members.insert"],
  ["POST", "privateca.projects.locations.caPools.certificates.create"],
  ["PUT", "binaryauthorization.projects.updatePolicy"],
  ["PUT", "cloudbilling.projects.updateBillingInfo"],
  ["PATCH", "bigquery.datasets.patch"],
  ["POST", "securitycenter.organizations.findings.bulkMute"],
  ["POST", "container.projects.zones.clusters.legacyAbac"],
  ["POST", "container.projects.locations.clusters.setMasterAuth"],
  ["PATCH", "compute.instanceSettings.patch"],
  ["POST", "oslogin.users.importSshPublicKey"],
  [
    "POST",
    "workstations.projects.locations.workstationClusters.workstationConfigs.workstations.pushCredentials",
  ],
])("%s %s changes who may do what, or opens the way to it", (verb, id) => {
  expect(classOf(verb, id)).toBe("privileged");
});

test("to look at what guards access is to read", () => {
  expect(classOf("GET", "orgpolicy.projects.policies.get")).toBe("read");
  expect(classOf("POST", "privateca.projects.locations.caPools.fetchCaCerts")).toBe("read");
  expect(classOf("POST", "binaryauthorization.projects.platforms.gke.policies.evaluate")).toBe("read");
});

test("fences that look at addresses are writes, fences that look at identities are privileged", () => {
  expect(classOf("POST", "compute.firewalls.insert")).toBe("write");
  expect(classOf("POST", "compute.firewallPolicies.addRule")).toBe("write");
  expect(classOf("DELETE", "compute.firewalls.delete")).toBe("destructive");
  expect(classOf("POST", "compute.networks.addPeering")).toBe("write");
  expect(classOf("POST", "networksecurity.projects.locations.authzPolicies.create")).toBe("privileged");
});

test.each([
  ["POST", "newservice.things.generateAccessToken"],
  ["GET", "newservice.things.fetchReadToken"],
  ["POST", "newservice.things.mintToken"],
  ["POST", "newservice.things.exchangeCredentials"],
  ["GET", "newservice.things.retrieveLegacySecretKey"],
  ["POST", "newservice.things.signBlob"],
  ["GET", "google.new.v1.Gateway/GenerateCredentials"],
])("%s %s hands out a credential, as far as its name tells", (verb, id) => {
  expect(classOf(verb, id)).toBe("secret_read");
});

test("what looks like a credential by name and is none is not held up", () => {
  expect(classOf("POST", "aiplatform.endpoints.countTokens")).toBe("read");
  expect(classOf("POST", "bigtableadmin.projects.instances.tables.generateConsistencyToken")).toBe("read");
  expect(classOf("GET", "securesourcemanager.projects.locations.repositories.fetchBlob")).toBe("read");
  expect(classOf("DELETE", "newservice.things.refreshToken")).toBe("destructive");
});

test("ids of the .proto files take the same rules, by what follows the slash", () => {
  expect(classOf("POST", "google.iam.v1.IAMPolicy/SetIamPolicy")).toBe("privileged");
  expect(classOf("POST", "google.iam.v1.IAMPolicy/GetIamPolicy")).toBe("read");
  expect(classOf("PATCH", "google.iam.v3.PolicyBindings/UpdatePolicyBinding")).toBe("privileged");
  expect(
    classOf("POST", "google.cloud.privilegedaccessmanager.v1.PrivilegedAccessManager/ApproveGrant"),
  ).toBe("privileged");
  expect(classOf("POST", "google.new.v1.Things/SetIamPolicy")).toBe("privileged");
  expect(classOf("POST", "google.bigtable.v2.Bigtable/ReadRows")).toBe("read");
  expect(classOf("POST", "google.bigtable.v2.Bigtable/MutateRow")).toBe("destructive");
  expect(classOf("POST", "google.new.v1.Things/ApproveThing")).toBe("privileged");
  expect(classOf("POST", "google.new.v1.Predictions/BatchPredict")).toBe("write");
  expect(classOf("POST", "google.new.v1.Things/PurgeThings")).toBe("destructive");
  expect(classOf("GET", "google.new.v1.Things/GetThing")).toBe("read");
  expect(classOf("POST", "google.iamlike.v1.Things/CreateThing")).toBe("write");
});

test("an exact decision is about one verb, for ids that mean another thing in another version", () => {
  expect(classOf("GET", "cloudbilling.organizations.billingAccounts.move")).toBe("write");
  expect(classOf("POST", "cloudbilling.organizations.billingAccounts.move")).toBe("write");
  expect(classOf("GET", "beyondcorp.organizations.locations.subscriptions.cancel")).toBe("destructive");
});

test("every class comes with its reason", () => {
  for (const id of [
    "a.b.get",
    "a.b.delete",
    "a.b.create",
    "a.b.setIamPolicy",
    "a.b.mintToken",
    "sts.token",
  ]) {
    expect(classify({ verb: "POST", id }, curated).reason).not.toBe("");
  }
});

/** Names that only the .proto files or the Discovery documents know, or spell so. */
const waiting: ReadonlySet<string> = new Set(
  `
    aggregateDataObjects authorizeAccess batchCompute batchSearchDataObjects bulkGetDataTableRows
    computeAllFindingsRefinementActivities computeEnvironmentScores computeFindingsRefinementActivity createReadSession
    evaluateSlice evaluateTimeseries executeDashboardQuery fetchBenchmarkingData fetchProfiles generateDeployChangeReport
    generateInitialChangeStreamPartitions generateLossClusters generateOpenApiSpec generateOptimizedManifest
    generateUndeployChangeReport generateUserScenarios labels optimizeTours prepareQuery query_exemplars queryData
    queryDataObjects queryDataSet queryForecasts queryTabularStats queryTimeSeriesStats queryUsageHistories
    queryWriteStatus readChangeStream readObject readReport readRows Resource-validate ResourceValidate retrieveProfiles
    sampleRowKeys sanitizeModelResponse sanitizeUserPrompt search-type searchAssets searchDataObjects searchDestinations
    searchIndexEndpoint searchLineageStreaming searchType simulateSecurityHealthAnalyticsCustomModule streamDirectPredict
    streamDirectRawPredict streamSanitizeModelResponse streamSanitizeUserPrompt streamingPredict streamingRawPredict
    streamingRecognize streamingSynthesize streamingTranslateSpeech suggestQueries synthesizeSpeech translateQuery
    verifyReferenceList verifyRuleText watchVariable
  `
    .trim()
    .split(/\s+/),
);

test("every name that reads is the name of some POST method", () => {
  const named = new Set(
    readGeneratedFiles()
      .flatMap(({ operations }) => operations)
      .filter(({ http }) => http.some((route) => route.startsWith("POST ")))
      .map(({ id }) => id.slice(id.lastIndexOf(".") + 1)),
  );
  const dead = exactReadingNames().filter((name) => !named.has(name) && !waiting.has(name));
  expect(dead).toEqual([]);
  expect(new Set(exactReadingNames()).size).toBe(exactReadingNames().length);
});
