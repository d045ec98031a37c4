import { expect, test } from "vitest";
import { compareVersions, describeComparisons } from "./compare.ts";
import type { ApiVersion, FieldType, Method } from "./intermediate.ts";
import { mergeVersions } from "./merge.ts";

const scalar: FieldType = { kind: "scalar" };
const reference: FieldType = { kind: "schema", name: "Box" };

function method(id: string, more: Partial<Method> = {}): Method {
  return {
    api: "toy",
    version: "v1",
    id,
    verb: "GET",
    host: "toy.googleapis.com",
    template: `/v1/${id}`,
    uploadTemplate: undefined,
    isApproximate: false,
    requestSchema: undefined,
    responseSchema: undefined,
    queryParameters: [],
    ...more,
  };
}

function version(
  methods: readonly Method[],
  schemas: Readonly<Record<string, Record<string, FieldType>>> = {},
) {
  const entries = Object.entries(schemas).map(
    ([name, fields]) => [name, new Map(Object.entries(fields))] as const,
  );
  return { api: "toy", version: "v1", methods, schemas: new Map(entries) } satisfies ApiVersion;
}

const guess = { template: "/v1/{name=**}", isApproximate: true };

test("a method only the package knows, by a guessed path, stays unknown", () => {
  const npm = version([method("toy.ghost", guess)]);
  expect(mergeVersions(version([method("toy.get")]), npm).methods).toEqual([method("toy.get")]);
  expect(compareVersions(version([method("toy.get")]), npm).leftOut).toEqual(["toy.ghost (v1)"]);
});

test("where the two disagree about a method, Discovery is right", () => {
  const exact = method("toy.get", { template: "/v1/{name=toys/*}", verb: "POST" });
  const merged = mergeVersions(version([exact]), version([method("toy.get")]));
  expect(merged.methods).toEqual([exact]);
});

test("one route never gets two names, whatever the package calls the method or its variables", () => {
  const exact = method("toy.well-known.get", { template: "/v1/{name=toys/*}/key" });
  const renamed = method("toy.wellKnown.get", guess);
  const other = method("toy.read", { template: "/v1/toys/{toy}/key" });
  expect(mergeVersions(version([exact]), version([renamed, other])).methods).toEqual([exact]);
});

test("a name without hyphens that could mean two methods means neither", () => {
  const two = [method("toy.get-all"), method("toy.getAll")];
  const npm = version([method("toy.GetAll", { template: "/v1/third" })]);
  expect(mergeVersions(version(two), npm).methods).toHaveLength(3);
});

test("methods of the same route and different verbs are different methods", () => {
  const merged = mergeVersions(
    version([method("toy.get", { template: "/v1/toys" })]),
    version([method("toy.list", { template: "/v1/toys", verb: "POST" })]),
  );
  expect(merged.methods.map(({ id }) => id)).toEqual(["toy.get", "toy.list"]);
});

test("schemas have the fields of both, and a field one of them calls flat is looked into all the same", () => {
  const discovery = version([], {
    Box: { key: { kind: "scalar", isBytes: true }, inner: scalar, rows: { kind: "map", of: scalar } },
    Old: { name: scalar },
  });
  const npm = version([], {
    Box: { key: scalar, inner: reference, rows: { kind: "map", of: reference }, fresh: reference },
    New: { spot: scalar },
  });
  expect(mergeVersions(discovery, npm).schemas).toEqual(
    version([], {
      Box: {
        key: { kind: "scalar", isBytes: true },
        inner: reference,
        rows: { kind: "map", of: reference },
        fresh: reference,
      },
      Old: { name: scalar },
      New: { spot: scalar },
    }).schemas,
  );
});

test("objects written in place are merged field by field", () => {
  const object = (fields: Record<string, FieldType>): FieldType => ({
    kind: "object",
    fields: new Map(Object.entries(fields)),
  });
  const merged = mergeVersions(
    version([], { Box: { spot: object({ a: scalar }) } }),
    version([], { Box: { spot: object({ b: reference }) } }),
  );
  expect(merged.schemas.get("Box")?.get("spot")).toEqual(object({ a: scalar, b: reference }));
});

test("the report names every disagreement, and counts a guess that Discovery settled apart", () => {
  const discovery = version([
    method("toy.get", { responseSchema: "Box" }),
    method("toy.guessed", { template: "/v1/{name=toys/*}" }),
    method("toy.old"),
  ]);
  const npm = version([
    method("toy.get", { template: "/v1/other", queryParameters: [{ name: "tags", isRepeated: true }] }),
    method("toy.guessed", guess),
    method("toy.new"),
  ]);
  const comparison = compareVersions(discovery, npm);
  expect(comparison).toEqual({
    shared: 2,
    discoveryOnly: ["toy.old (v1)"],
    npmOnly: ["toy.new (v1)"],
    leftOut: [],
    disagreements: [
      { fact: "template", text: "toy.get (v1): template is /v1/toy.get, derived was /v1/other" },
      { fact: "response", text: "toy.get (v1): response is Box, derived was none" },
      { fact: "repeated", text: "toy.get (v1): repeated is none, derived was tags" },
    ],
    noLongerGuessed: ["toy.guessed (v1)"],
  });
  const { summary, details } = describeComparisons([comparison]);
  expect(summary).toContain(
    "2 methods in both sources; 1 only in Discovery, 1 only in the package, 0 left out",
  );
  expect(summary).toContain("1 another template");
  expect(details).toContain("- toy.get (v1): template is /v1/toy.get, derived was /v1/other\n");
});
