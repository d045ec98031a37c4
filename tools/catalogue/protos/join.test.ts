import { expect, test } from "vitest";
import type { ApiVersion, Method, Schema } from "../intermediate.ts";
import { extendVersions } from "./extend-versions.ts";
import { type Join, joinProtos } from "./join.ts";
import { takes } from "./rest-routes.ts";
import { toyMethod, toyProtos } from "./toy-protos.ts";

const get = toyMethod("toy.projects.toys.get", "GET", "/v1/{name=projects/*/toys/*}");

function versionOf(...methods: Method[]): ApiVersion {
  return { api: "toy", version: "v1", methods, schemas: new Map<string, Schema>() };
}

function idsOf(join: Join): (string | undefined)[] {
  return join.services.flatMap(({ rpcs }) => rpcs.map(({ rest }) => rest?.id));
}

test("an rpc is the REST operation with the same verb, host and path, whatever the variables are called", () => {
  const update = toyMethod("toy.projects.toys.patch", "PATCH", "/v1/{anything=projects/*/toys/*}");
  expect(idsOf(joinProtos(toyProtos(), [versionOf(get, update)]))).toEqual([
    "toy.projects.toys.get",
    "toy.projects.toys.patch",
    undefined,
  ]);
});

test.each([
  ["verb", toyMethod("toy.get", "POST", "/v1/{name=projects/*/toys/*}")],
  ["host", toyMethod("toy.get", "GET", "/v1/{name=projects/*/toys/*}", { host: "other.googleapis.com" })],
  ["version", toyMethod("toy.get", "GET", "/v2/{name=projects/*/toys/*}")],
  ["custom verb", toyMethod("toy.get", "GET", "/v1/{name=projects/*/toys/*}:see")],
  ["collection", toyMethod("toy.get", "GET", "/v1/{name=projects/*/dolls/*}")],
])("an rpc with another %s is another operation", (_, method) => {
  expect(idsOf(joinProtos(toyProtos(), [versionOf(method)]))).toEqual([undefined, undefined, undefined]);
});

test("a wider REST path takes the rpc, unless it was guessed", () => {
  const wide = toyMethod("toy.get", "GET", "/v1/{name=projects/*/toys/**}");
  expect(idsOf(joinProtos(toyProtos(), [versionOf(wide)]))[0]).toBe("toy.get");
  const guessed = { ...wide, isApproximate: true, template: "/v1/{other=**}/x" };
  expect(idsOf(joinProtos(toyProtos(), [versionOf(guessed)]))[0]).toBeUndefined();
});

test("an id is no literal", () => {
  expect(takes(["v1", "*"], ["v1", "settings"])).toBe(false);
  expect(takes(["v1", "*"], ["v1", "**"])).toBe(true);
  expect(takes(["v1", "**"], ["v1", "a", "*"])).toBe(true);
  expect(takes(["v1", "**", "b"], ["v1", "b"])).toBe(false);
});

test("a guessed path becomes exact where the protos leave no choice", () => {
  const guessed = toyMethod("toy.projects.toys.get", "GET", "/v1/{name=**}", { isApproximate: true });
  const join = joinProtos(toyProtos(), [versionOf(guessed)]);
  expect(join.versions[0]?.methods[0]).toMatchObject({
    template: "/v1/{name=projects/*/toys/*}",
    isApproximate: false,
  });
  expect(join.correctedTemplates).toBe(1);
  const elsewhere = toyMethod("toy.get", "GET", "/v1/{name=**}/x", { isApproximate: true });
  expect(joinProtos(toyProtos(), [versionOf(elsewhere)]).correctedTemplates).toBe(0);
});

test("services of other products are taken only where they are an operation that is carried", () => {
  const foreign = toyProtos({ scopes: "https://www.googleapis.com/auth/toys" });
  expect(joinProtos(foreign, []).services).toEqual([]);
  expect(joinProtos(foreign, [versionOf(get)]).services).toHaveLength(1);
});

test("a host that Discovery calls otherwise is the same host", () => {
  const join = joinProtos(toyProtos({ host: "translate.googleapis.com" }), [
    versionOf({ ...get, host: "translation.googleapis.com" }),
  ]);
  expect(join.services[0]?.host).toBe("translation.googleapis.com");
  expect(idsOf(join)[0]).toBe("toy.projects.toys.get");
});

test("what only the protos know is added: bindings under the REST id, rpcs under their own name", () => {
  const protos = toyProtos();
  const extended = extendVersions(joinProtos(protos, [versionOf(get)]), protos, {
    marks: new Map(),
    slips: [],
  });
  const [version, ...others] = extended.versions;
  expect(others).toEqual([]);
  expect(version?.methods).toMatchObject([
    { id: "toy.projects.toys.get", moreRoutes: ["GET /v1/projects/{project_id}/toys/{toy_id}/old"] },
    {
      id: "google.toy.v1.Toys/UpdateToy",
      verb: "PATCH",
      template: "/v1/{toy_name=projects/*/toys/*}",
      requestSchema: "GoogleToyV1Toy",
      queryParameters: [{ name: "updateMask", isRepeated: false }],
    },
  ]);
  expect(extended.routes).toEqual({ ofRestMethods: 1, ofProtoMethods: 1 });
});

test("a host only the protos know is a version of its package", () => {
  const protos = toyProtos();
  const { versions } = extendVersions(joinProtos(protos, []), protos, { marks: new Map(), slips: [] });
  expect(versions).toMatchObject([{ api: "google.toy", version: "v1" }]);
  expect(versions[0]?.methods.map(({ id }) => id)).toEqual([
    "google.toy.v1.Toys/GetToy",
    "google.toy.v1.Toys/UpdateToy",
  ]);
});

test("a path that REST has under another id is not added again", () => {
  const protos = toyProtos();
  const old = toyMethod("toy.projects.toys.getOld", "GET", "/v1/projects/{project}/toys/{toy}/old");
  const { versions } = extendVersions(joinProtos(protos, [versionOf(get, old)]), protos, {
    marks: new Map(),
    slips: [],
  });
  expect(versions[0]?.methods[0]?.moreRoutes).toBeUndefined();
});
