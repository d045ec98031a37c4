import { expect, test } from "vitest";
import type { WireMark, WireShape } from "#lib/wire-shape";
import { loadCatalogue } from "../load.ts";
import { wireShapesOf } from "./wire-shapes.ts";

const catalogue = loadCatalogue();

function shapesOf(service: string, name: string): { request?: WireShape; response?: WireShape } {
  const rpc = catalogue.findRpc(`${service}.googleapis.com`, name);
  if (rpc === undefined) throw new Error(`no rpc ${name}`);
  return {
    ...(rpc.requestSecrets && { request: rpc.requestSecrets }),
    ...(rpc.responseSecrets && { response: rpc.responseSecrets }),
  };
}

function at(shape: WireShape | undefined, ...numbers: readonly number[]): WireMark | WireShape | undefined {
  const [number, ...rest] = numbers;
  const found = number === undefined ? shape : shape?.fields.get(number);
  return rest.length === 0 || found === undefined || typeof found === "string" ? found : at(found, ...rest);
}

const secretManager = "google.cloud.secretmanager.v1.SecretManagerService";

test("the payload of a secret is marked both ways, as bytes", () => {
  expect(at(shapesOf("secretmanager", `${secretManager}/AccessSecretVersion`).response, 2, 1)).toBe(
    "strict_bytes",
  );
  expect(at(shapesOf("secretmanager", `${secretManager}/AddSecretVersion`).request, 2, 1)).toBe(
    "strict_bytes",
  );
});

test("a package whose versions have another name is marked as REST is", () => {
  const older = "google.cloud.secrets.v1beta1.SecretManagerService/AccessSecretVersion";
  expect(at(shapesOf("secretmanager", older).response, 2, 1)).toBe("strict_bytes");
});

test("the values of a map are field 2 of its entries", () => {
  const { response } = shapesOf("cloudfunctions", "google.cloud.functions.v2.FunctionService/GetFunction");
  expect(at(response, 4, 4, 2)).toBe("bag");
});

test("all the text of an object of any form is a bag, and cycles end", () => {
  const { response } = shapesOf("logging", "google.logging.v2.LoggingServiceV2/ListLogEntries");
  expect(at(response, 1, 6, 1, 2, 3)).toBe("bag");
  expect(at(response, 1, 6, 1, 2, 5, 1, 2, 6, 1, 3)).toBe("bag");
});

test("an operation's answer is known by the type it names, on the host that serves it", () => {
  const name = "google.longrunning.Operations/GetOperation";
  const answer = at(shapesOf("redis", name).response, 5);
  if (answer === undefined || typeof answer === "string") throw new Error("no shape of an answer");
  expect(answer.ofType?.("type.googleapis.com/google.cloud.nothing.v1.Nothing")).toBeUndefined();
  const sql = at(shapesOf("alloydb", name).response, 5);
  if (sql === undefined || typeof sql === "string") throw new Error("no shape of an answer");
  expect(at(sql.ofType?.("type.googleapis.com/google.cloud.alloydb.v1.User"), 2)).toBe("strict");
});

test("the details of a failed operation are known by their type as well", () => {
  const details = at(
    shapesOf("alloydb", "google.cloud.alloydb.v1.AlloyDBAdmin/CreateCluster").response,
    4,
    3,
  );
  expect(typeof details === "object" && details.ofType !== undefined).toBe(true);
});

test("what is secret only in requests is no secret in answers", () => {
  const graph = new Map([
    ["a.B", "1=!> 2=#< 3=? 4=a.B 5=[a.C] 6=@"],
    ["a.C", "1=!"],
  ]);
  const request = wireShapesOf(graph, "request")("a.B");
  const answer = wireShapesOf(graph, "answer")("a.B");
  expect([at(request, 1), at(request, 2), at(request, 3)]).toEqual(["strict", undefined, "bag"]);
  expect([at(answer, 1), at(answer, 2), at(answer, 3)]).toEqual([undefined, "strict_bytes", "bag"]);
  expect(at(answer, 4)).toBe(answer);
  expect(at(answer, 5, 2, 1)).toBe("strict");
  expect(wireShapesOf(graph, "answer")("a.D")).toBeUndefined();
});

test("people are told the rpcs of an operation and where their secrets sit", () => {
  const operation = {
    id: "secretmanager.projects.secrets.versions.access",
    service: "secretmanager.googleapis.com",
  };
  expect(catalogue.rpcsOf(operation)[0]).toEqual({
    name: `${secretManager}/AccessSecretVersion`,
    streaming: undefined,
    requestSecrets: [],
    responseSecrets: [{ path: "2.1", mark: "strict_bytes" }],
  });
});

test("operations that no path leads to are among the operations", () => {
  const id = "google.pubsub.v1.Subscriber/StreamingPull";
  expect(catalogue.operation(id)).toMatchObject({ id, service: "pubsub.googleapis.com", routes: [] });
  expect([...catalogue.operations()].some((operation) => operation.id === id)).toBe(true);
});
