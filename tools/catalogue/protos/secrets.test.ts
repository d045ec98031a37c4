import { expect, test } from "vitest";
import type { SecretField } from "../curated.ts";
import type { FieldType, Schema } from "../intermediate.ts";
import { joinProtos } from "./join.ts";
import { jsonSchemasOf } from "./json-schemas.ts";
import { markSecrets } from "./secret-marks.ts";
import { numberSecrets } from "./secret-numbers.ts";
import { toyMethod, toyProtos } from "./toy-protos.ts";
import { transferMarks } from "./transfer-marks.ts";

const protos = toyProtos();

function listed(proto: string | undefined, more: Partial<SecretField> = {}): SecretField {
  return {
    api: "toy",
    versions: "*",
    schema: "Toy",
    path: "passWord",
    direction: "both",
    kind: "strict",
    isBytes: false,
    protos: proto === undefined ? [] : [proto],
    ...more,
  };
}

test.each([
  "google.toy.v1.Toy.pass_word=3",
  "google.toy.v1.Toy.passWord=2",
  "google.toy.v1.Tou.pass_word=2",
  "pass_word",
])("the field %s is nowhere and is reported", (written) => {
  expect(markSecrets(protos, [listed(written)]).slips).toHaveLength(1);
});

const marks = markSecrets(protos, [
  listed("google.toy.v1.Toy.pass_word=2"),
  listed("google.toy.v1.Toy.labels=3", { kind: "bag", direction: "request" }),
]);

test("other versions of a package have the same secrets, under their own numbers and types", () => {
  expect([...marks.marks.keys()].sort()).toEqual(["google.toy.v1.Toy", "google.toy.v1beta.Toy"]);
  const graph = numberSecrets(protos, marks).graphFrom(["google.toy.v1beta.Toy"]);
  expect([...graph]).toEqual([["google.toy.v1beta.Toy", "7=#"]]);
});

test("the graph holds marks, maps, ways to other messages, and objects of any type", () => {
  const numbered = numberSecrets(protos, marks);
  expect([...numbered.graphFrom(["google.toy.v1.UpdateToyRequest", "google.toy.v1.GetToyRequest"])]).toEqual([
    ["google.toy.v1.Toy", "2=! 3=[?>] 4=google.toy.v1.Toy 6=@"],
    ["google.toy.v1.UpdateToyRequest", "1=google.toy.v1.Toy"],
  ]);
  expect(numbered.bears("google.toy.v1.GetToyRequest", "request")).toBe(false);
  expect(numbered.leadsToAny("google.toy.v1.UpdateToyRequest")).toBe(true);
});

test("a secret REST knows by name is known by number where an rpc is the same method", () => {
  const text: FieldType = { kind: "scalar" };
  const inner: FieldType = { kind: "schema", name: "Toy" };
  const schema: Schema = new Map<string, FieldType>([
    ["odd-name", text],
    ["parts", inner],
  ]);
  const method = toyMethod("toy.projects.toys.get", "GET", "/v1/{name=projects/*/toys/*}", {
    responseSchema: "Toy",
  });
  const join = joinProtos(protos, [
    { api: "toy", version: "v1", methods: [method], schemas: new Map([["Toy", schema]]) },
  ]);
  const none = { marks: new Map(), slips: [] };
  const field = listed(undefined, { path: "odd-name", direction: "response" });
  expect(transferMarks(join, protos, none, [field]).marks).toEqual(
    new Map([["google.toy.v1.Toy", new Map([["odd", { kind: "strict", direction: "response" }]])]]),
  );
  expect(transferMarks(join, protos, none, [{ ...field, versions: "v2" }]).marks.size).toBe(0);
});

test("the JSON form of a message has its secrets too", () => {
  const { schemas, secretFields } = jsonSchemasOf(["google.toy.v1.Toy"], protos, marks, {
    api: "google.toy",
    version: "v1",
  });
  expect(schemas.get("GoogleToyV1Toy")?.get("parts")).toEqual({ kind: "schema", name: "GoogleToyV1Toy" });
  expect(schemas.get("GoogleToyV1Toy")?.get("detail")).toEqual({ kind: "any" });
  expect(schemas.get("GoogleToyV1Toy")?.get("labels")).toEqual({ kind: "map", of: { kind: "scalar" } });
  expect(secretFields.map(({ api, schema, path, kind }) => [api, schema, path, kind])).toEqual([
    ["google.toy", "GoogleToyV1Toy", "passWord", "strict"],
    ["google.toy", "GoogleToyV1Toy", "labels", "bag"],
  ]);
});
