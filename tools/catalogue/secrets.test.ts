import { expect, test } from "vitest";
import type { SecretField } from "./curated.ts";
import type { ApiVersion, FieldType } from "./intermediate.ts";
import { buildSecretGraph, findByteSlips } from "./secrets.ts";

const keys: FieldType = { kind: "map", of: { kind: "schema", name: "Key" } };
const text: FieldType = { kind: "scalar" };
const bytes: FieldType = { kind: "scalar", isBytes: true };
const version: ApiVersion = {
  api: "toy",
  version: "v1",
  methods: [],
  schemas: new Map([
    ["Box", new Map<string, FieldType>([["keys", keys]])],
    ["Key", new Map<string, FieldType>(Object.entries({ text, bytes }))],
  ]),
};

function secret(path: string, more: Partial<SecretField> = {}): SecretField {
  const field = { api: "toy", versions: "*", schema: "Key", path, isBytes: false, protos: [] } as const;
  return { ...field, direction: "both", kind: "strict", ...more };
}

test("a strict field whose bytes our table forgot, or made up, is reported", () => {
  const listed = [secret("bytes"), secret("text", { isBytes: true })];
  expect(findByteSlips(version, listed)).toEqual([
    "byte-fields.tsv: toy v1 Key.bytes is bytes to Discovery",
    "byte-fields.tsv: toy v1 Key.text is not bytes to Discovery",
  ]);
  expect(findByteSlips(version, [secret("keys.bytes", { schema: "Box" })])).toEqual([
    "byte-fields.tsv: toy v1 Box.keys.bytes is bytes to Discovery",
  ]);
});

test("fields that agree, bags, and those of other versions or absent are none of it", () => {
  const listed = [
    secret("bytes", { isBytes: true }),
    secret("text"),
    secret("bytes", { kind: "bag" }),
    secret("bytes", { versions: "v2" }),
    secret("gone.bytes"),
  ];
  expect(findByteSlips(version, listed)).toEqual([]);
});

test("a field listed for this version that no schema has is unresolved, at whatever depth it is missing", () => {
  const versions = "v1,v2";
  const listed = [
    secret("gone", { versions }),
    secret("keys.gone", { versions, schema: "Box" }),
    secret("a.b", { versions, schema: "Ghost" }),
    secret("gone", { versions: "*" }),
  ];
  expect(buildSecretGraph(version, listed)).toEqual({
    graph: {},
    unresolved: ["toy v1 Key.gone", "toy v1 Box.keys.gone", "toy v1 Ghost.a.b"],
    present: [],
  });
});
