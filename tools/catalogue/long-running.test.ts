import { expect, test } from "vitest";
import type { ApiVersion, FieldType, Method, Schema } from "./intermediate.ts";
import { isLongRunning } from "./long-running.ts";

const scalar: FieldType = { kind: "scalar" };
const fields = (...names: string[]): Schema => new Map(names.map((name) => [name, scalar]));
const schemas = new Map<string, Schema>([
  ["GoogleLongrunningOperation", fields("done", "response")],
  ["Operation", fields("status", "zoneContext")],
  ["Rollout", fields("status", "name")],
  [
    "SubmitBuildResponse",
    new Map([["buildOperation", { kind: "schema", name: "GoogleLongrunningOperation" }]]),
  ],
]);
const version: ApiVersion = { api: "x", version: "v1", methods: [], schemas };

function method(id: string, verb: string, responseSchema: string | undefined): Method {
  return {
    api: "x",
    version: "v1",
    id,
    verb,
    host: "x.googleapis.com",
    template: "/v1/x",
    uploadTemplate: undefined,
    isApproximate: false,
    requestSchema: undefined,
    responseSchema,
    queryParameters: [],
  };
}

test.each([
  ["x.things.create", "POST", "GoogleLongrunningOperation"],
  ["dns.managedZones.patch", "PATCH", "Operation"],
  ["x.datasetVersions.restore", "GET", "GoogleLongrunningOperation"],
  ["x.builds.submit", "POST", "SubmitBuildResponse"],
  ["x.jobs.cancel", "POST", "GoogleLongrunningOperation"],
])("%s answers before it is done", (id, verb, answer) => {
  expect(isLongRunning(method(id, verb, answer), version)).toBe(true);
});

test.each([
  ["x.operations.get", "GET", "GoogleLongrunningOperation"],
  ["compute.zoneOperations.wait", "POST", "Operation"],
  ["x.operationDetails.get", "GET", "GoogleLongrunningOperation"],
  ["x.endpoints.fetchPredictOperation", "POST", "GoogleLongrunningOperation"],
  ["x.builds.get", "GET", "SubmitBuildResponse"],
  ["x.rollouts.patch", "PATCH", "Rollout"],
  ["x.things.delete", "DELETE", undefined],
])("%s does not", (id, verb, answer) => {
  expect(isLongRunning(method(id, verb, answer), version)).toBe(false);
});
