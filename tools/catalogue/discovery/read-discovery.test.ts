import { expect, test } from "vitest";
import { readDiscovery } from "./read-discovery.ts";
import type { DiscoverySource } from "./source.ts";

// A made-up document in Discovery's form.

const open = {
  id: "toy.boxes.open",
  httpMethod: "POST",
  path: "v1/{+name}:open",
  flatPath: "v1/projects/{projectsId}/boxes/{boxesId}:open",
  description: "Needs the permission `toy.boxes.open`.",
  parameterOrder: ["name"],
  parameters: {
    name: { location: "path", pattern: "^projects/[^/]+/boxes/[^/]+$", required: true, type: "string" },
    tags: { location: "query", repeated: true, type: "string" },
    view: { location: "query", type: "string" },
  },
  request: { $ref: "Box" },
  response: { $ref: "Box" },
  mediaUpload: {
    protocols: {
      resumable: { multipart: true, path: "/resumable/upload/v1/{+name}:open" },
      simple: { multipart: true, path: "/upload/v1/{+name}:open" },
    },
  },
  supportsMediaDownload: true,
  deprecated: true,
};

const list = { id: "toy.list-all", httpMethod: "GET", path: "v1/boxes" };

const box = {
  id: "Box",
  type: "object",
  properties: {
    inner: { $ref: "Box" },
    many: { type: "array", items: { $ref: "Box" } },
    named: { type: "object", additionalProperties: { $ref: "Box" } },
    labels: { type: "object", additionalProperties: { type: "string" } },
    detail: { type: "object", additionalProperties: { type: "any" } },
    spot: { type: "object", properties: { deep: { $ref: "Box" } } },
    value: { $ref: "Value" },
    key: { type: "string", format: "byte" },
    size: { type: "string", format: "int64" },
    open: { type: "boolean" },
  },
};

const document = {
  name: "toy",
  version: "v1",
  revision: "20260101",
  rootUrl: "https://toy.googleapis.com/",
  servicePath: "",
  // These hold for every method, and are none of the method's own.
  parameters: { alt: { location: "query", type: "string" }, key: { location: "query", type: "string" } },
  schemas: {
    Box: box,
    Value: { id: "Value", type: "any" },
    Boxes: { id: "Boxes", type: "object", additionalProperties: { $ref: "Box" } },
    Rows: { id: "Rows", type: "array", items: { type: "object", properties: { box: { $ref: "Box" } } } },
  },
  methods: { list },
  resources: { boxes: { methods: { open } } },
};

function sourceOf(files: Readonly<Record<string, unknown>>): DiscoverySource {
  return {
    names: new Set(Object.keys(files)),
    read: (name) => (typeof files[name] === "string" ? files[name] : JSON.stringify(files[name])),
    digest: "",
  };
}

function read(changes: object): ReturnType<typeof readDiscovery> {
  return readDiscovery(sourceOf({ "toy.v1.json": { ...document, ...changes } }), "toy", "v1");
}

test("two methods of one id stop the generator", () => {
  expect(() => read({ methods: { list, again: { ...list, path: "v1/more" } } })).toThrow(
    "Discovery document toy.v1.json: two methods are called toy.list-all",
  );
});

test("a document that describes another API or version than its name says stops the generator", () => {
  expect(() => read({ name: "other" })).toThrow("it describes other v1");
  expect(() => read({ version: "v2" })).toThrow("it describes toy v2");
});

test.each([
  ["a host that is no https URL of a host alone", { rootUrl: "http://toy.googleapis.com/" }],
  ["a host with a path", { rootUrl: "https://toy.googleapis.com/x/" }],
  ["an odd verb", { methods: { list: { ...list, httpMethod: "TRACE" } } }],
  ["an odd id", { methods: { list: { ...list, id: "toy list" } } }],
  ["a method without a path", { methods: { list: { id: "toy.list", httpMethod: "GET" } } }],
  ["a parameter elsewhere", { methods: { list: { ...list, parameters: { x: { location: "header" } } } } }],
  [
    "a pattern",
    { methods: { list: { ...open, parameters: { name: { location: "path", pattern: "\\d" } } } } },
  ],
  ["a body that is not there", { methods: { list: { ...list, request: { $ref: "Ghost" } } } }],
  [
    "a reference to nothing",
    { schemas: { ...document.schemas, A: { properties: { a: { $ref: "Ghost" } } } } },
  ],
  [
    "a reference to what every object has",
    { methods: { list: { ...list, response: { $ref: "toString" } } } },
  ],
  ["a list of nothing", { schemas: { ...document.schemas, A: { properties: { a: { type: "array" } } } } }],
  ["a type nobody knows", { schemas: { ...document.schemas, A: { properties: { a: { type: "secret" } } } } }],
  ["a field without a type", { schemas: { ...document.schemas, A: { properties: { a: {} } } } }],
])("what cannot be read stops the generator: %s", (_, changes) => {
  expect(() => read(changes)).toThrow("Discovery document toy.v1.json: ");
});

test("a document that is no JSON stops the generator", () => {
  expect(() => readDiscovery(sourceOf({ "toy.v1.json": "{" }), "toy", "v1")).toThrow("toy.v1.json: ");
});

test("a version the source does not have is not there", () => {
  expect(readDiscovery(sourceOf({}), "toy", "v1")).toBeUndefined();
});

test("the file name may leave out the underscore of a version", () => {
  const source = sourceOf({ "toy.boxv1.json": { ...document, version: "box_v1" } });
  expect(readDiscovery(source, "toy", "box_v1")?.description.version).toBe("box_v1");
});

test("a method is read with its exact path, parameters of its own, upload path and prose", () => {
  const methods = read({})?.description.methods;
  expect(methods).toEqual([
    {
      api: "toy",
      version: "v1",
      id: "toy.list-all",
      verb: "GET",
      host: "toy.googleapis.com",
      template: "/v1/boxes",
      uploadTemplate: undefined,
      isApproximate: false,
      requestSchema: undefined,
      responseSchema: undefined,
      queryParameters: [],
    },
    {
      api: "toy",
      version: "v1",
      id: "toy.boxes.open",
      verb: "POST",
      host: "toy.googleapis.com",
      template: "/v1/{name=projects/*/boxes/*}:open",
      uploadTemplate: "/upload/v1/{name=projects/*/boxes/*}:open",
      isApproximate: false,
      requestSchema: "Box",
      responseSchema: "Box",
      queryParameters: [
        { name: "tags", isRepeated: true },
        { name: "view", isRepeated: false },
      ],
      mayDownloadMedia: true,
      isDeprecated: true,
      description: "Needs the permission `toy.boxes.open`.",
    },
  ]);
});

test("a path stands below the path of the service", () => {
  const [first] = read({ servicePath: "toy/" })?.description.methods ?? [];
  expect(first?.template).toBe("/toy/v1/boxes");
});

test("schemas keep references, maps, objects in place and bytes", () => {
  const schemas = read({})?.description.schemas;
  const reference = { kind: "schema", name: "Box" };
  expect(Object.fromEntries(schemas?.get("Box") ?? [])).toEqual({
    inner: reference,
    many: reference,
    named: { kind: "map", of: reference },
    labels: { kind: "map", of: { kind: "scalar" } },
    detail: { kind: "any" },
    spot: { kind: "object", fields: new Map([["deep", reference]]) },
    value: { kind: "any" },
    key: { kind: "scalar", isBytes: true },
    size: { kind: "scalar" },
    open: { kind: "scalar" },
  });
});

test("a schema that is a map has one field for every key, and one that is a list has its entry's fields", () => {
  const schemas = read({})?.description.schemas;
  const reference = { kind: "schema", name: "Box" };
  expect(schemas?.get("Boxes")).toEqual(new Map([["*", reference]]));
  expect(schemas?.get("Rows")).toEqual(new Map([["box", reference]]));
  expect(schemas?.get("Value")).toEqual(new Map());
});
