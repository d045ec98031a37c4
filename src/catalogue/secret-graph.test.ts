import { expect, test } from "vitest";
import type { SecretShape } from "#lib/secret-shape";
import { loadCatalogue } from "./index.ts";
import { answersOf, shapesOf } from "./secret-graph.ts";

const catalogue = loadCatalogue();

type Found = SecretShape | "strict" | "strict_bytes" | "bag" | undefined;

/** Follows a dotted path; `*` is any key of a map. */
function at(shape: Found, path: string): Found {
  let found = shape;
  for (const step of path.split(".")) {
    if (found === undefined || typeof found === "string") return undefined;
    found = step === "*" ? found.each : found.fields.get(step);
  }
  return found;
}

function versionOf(id: string, version: string) {
  const found = [...catalogue.operations()].find((each) => each.id === id && each.version === version);
  if (found === undefined) throw new Error(`no ${id} in ${version}`);
  return found;
}

test("an answer's secrets are not looked for in requests, nor a request's in answers", () => {
  const graph = { A: { out: "!<", in: "!>", both: "!" } };
  expect([...(shapesOf(graph, "request")("A")?.fields.keys() ?? [])]).toEqual(["in", "both"]);
  expect([...(shapesOf(graph, "answer")("A")?.fields.keys() ?? [])]).toEqual(["out", "both"]);
});

test("a schema that leads to no secret of the direction has no shape", () => {
  const request = shapesOf({ A: { b: "B" }, B: { s: "!<" }, C: { any: "@" } }, "request");
  expect([request("A"), request("B"), request("C"), request(undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("schemas that contain each other make a shape that contains itself", () => {
  const shape = shapesOf({ Tree: { children: "Tree", key: "#" } }, "answer")("Tree");
  expect(at(shape, "children.children.key")).toBe("strict_bytes");
  expect(shape?.fields.get("children")).toBe(shape);
});

test("keys of a map are data: whatever they are, the value has the shape", () => {
  const shape = shapesOf({ List: { items: { "*": "Scope" } }, Scope: { key: "!" } }, "answer")("List");
  expect(at(shape, "items.*.key")).toBe("strict");
});

test("an embedded object is looked up by its type, however much of the package Discovery dropped", () => {
  const graph = {
    Operation: { response: "@" },
    GoogleCloudRunV2Job: { s: "!" },
    V2Key: { s: "!" },
    Function: { s: "!" },
  };
  const shape = shapesOf(graph, "answer")("Operation");
  const response = shape?.fields.get("response");
  if (response === undefined || typeof response === "string")
    throw new Error("no shape for the embedded object");
  for (const type of [
    "google.cloud.run.v2.Job",
    "google.api.apikeys.v2.Key",
    "google.cloud.functions.v2.Function",
  ]) {
    expect(response.ofType?.(`type.googleapis.com/${type}`)?.fields.get("s"), type).toBe("strict");
  }
  expect(response.ofType?.("type.googleapis.com/google.cloud.run.v2.Stranger")).toBeUndefined();
});

test.each([
  ["secretmanager.projects.secrets.versions.access", "v1", "payload.data", "strict_bytes"],
  ["iam.projects.serviceAccounts.keys.create", "v1", "privateKeyData", "strict_bytes"],
  ["iamcredentials.projects.serviceAccounts.generateAccessToken", "v1", "accessToken", "strict"],
  ["storage.projects.hmacKeys.create", "v1", "secret", "strict"],
  ["cloudfunctions.projects.locations.functions.generateUploadUrl", "v2", "uploadUrl", "strict"],
  [
    "cloudfunctions.projects.locations.functions.list",
    "v2",
    "functions.serviceConfig.environmentVariables",
    "bag",
  ],
  ["run.namespaces.services.get", "v1", "spec.template.spec.containers.env.value", "bag"],
  ["run.projects.locations.services.get", "v2", "template.containers.env.value", "bag"],
  ["compute.instances.get", "v1", "metadata.items.value", "bag"],
  ["compute.instances.aggregatedList", "v1", "items.*.instances.metadata.items.value", "bag"],
  ["compute.instances.aggregatedList", "v1", "items.*.instances.disks.diskEncryptionKey.rawKey", "strict"],
  ["sql.users.list", "v1", "items.password", "strict"],
  ["sql.operations.get", "v1", "importContext.bakImportOptions.encryptionOptions.pvkPassword", "strict"],
])("the answer of %s (%s) holds %s, %s", (id, version, path, kind) => {
  expect(at(versionOf(id, version).responseSecrets, path)).toBe(kind);
});

test("the answer of a long-running call hides its secrets in the embedded response", () => {
  const shape = versionOf("cloudfunctions.projects.locations.operations.get", "v2").responseSecrets;
  const response = shape?.fields.get("response");
  if (response === undefined || typeof response === "string")
    throw new Error("no shape for the embedded object");
  const found = response.ofType?.("type.googleapis.com/google.cloud.functions.v2.Function");
  expect(at(found, "serviceConfig.environmentVariables")).toBe("bag");
});

/** What the operation of a long-running call embeds in `response` when it is done. */
function embedded(id: string, version: string, type: string): Found {
  const response = at(versionOf(id, version).responseSecrets, "response");
  return typeof response === "object" ? response.ofType?.(`type.googleapis.com/${type}`) : undefined;
}

test.each([
  ["apikeys.projects.locations.keys.create", "v2", "google.api.apikeys.v2.Key keyString"],
  ["apikeys.operations.get", "v2", "google.api.apikeys.v2.Key keyString"],
  ["redis.projects.locations.operations.get", "v1", "google.cloud.redis.v1.InstanceAuthString authString"],
  ["config.projects.locations.operations.get", "v1", "google.cloud.config.v1.Statefile signedUri"],
  ["alloydb.projects.locations.operations.get", "v1", "google.cloud.alloydb.v1.User password"],
])("the operation that %s (%s) answers with hides %s", (id, version, secret) => {
  const [type = "", path = ""] = secret.split(" ");
  expect(at(embedded(id, version, type), path)).toBe("strict");
});

test("lists of operations hide what each embeds", () => {
  const list = versionOf("run.projects.locations.operations.list", "v2").responseSecrets;
  const response = at(list, "operations.response");
  const service =
    typeof response === "object"
      ? response.ofType?.("type.googleapis.com/google.cloud.run.v2.Service")
      : undefined;
  expect(at(service, "template.containers.env.value")).toBe("bag");
});

test("a request that stores a secret says where", () => {
  expect(
    at(versionOf("secretmanager.projects.secrets.addVersion", "v1").requestSecrets, "payload.data"),
  ).toBe("strict_bytes");
  expect(at(versionOf("sql.users.insert", "v1").requestSecrets, "password")).toBe("strict");
  expect(versionOf("secretmanager.projects.secrets.delete", "v1").responseSecrets).toBeUndefined();
});

test("an error whose details repeat a message with a secret hides it, whatever the method answers otherwise", () => {
  const { responseSecrets } = versionOf("secretmanager.projects.secrets.versions.access", "v1");
  const details = at(responseSecrets, "error.details");
  const type = "type.googleapis.com/google.cloud.secretmanager.v1.SecretPayload";
  const found = typeof details === "object" ? details.ofType?.(type) : undefined;
  expect(at(found, "data")).toBe("strict_bytes");
  expect(at(responseSecrets, "payload.data")).toBe("strict_bytes");
});

test("a schema's own `error` stays what it is, and no answer gets a shape for its errors alone", () => {
  const answers = answersOf({ Job: { error: { key: "!" } } });
  expect(at(answers("Job"), "error.key")).toBe("strict");
  expect(answers("Other")).toBeUndefined();
});

test("what a build knows from its environment and its variables is looked at wherever it stands", () => {
  const list = versionOf("cloudbuild.projects.builds.list", "v1").responseSecrets;
  for (const path of ["substitutions", "options.env", "steps.env", "source.repoSource.substitutions"]) {
    expect(at(list, `builds.${path}`), path).toBe("bag");
  }
  const triggers = versionOf("cloudbuild.projects.triggers.list", "v1").responseSecrets;
  expect(at(triggers, "triggers.substitutions")).toBe("bag");
  const embedded = at(versionOf("run.projects.locations.operations.get", "v2").responseSecrets, "response");
  const type = "type.googleapis.com/google.devtools.cloudbuild.v1.Build";
  const build = typeof embedded === "object" ? embedded.ofType?.(type) : undefined;
  expect(at(build, "options.env")).toBe("bag");
});
