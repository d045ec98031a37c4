import type { ProtoField, ProtoMessage } from "./declarations.ts";
import { lowerCamel } from "./names.ts";

// The types of google.protobuf that may hold text (struct.proto, wrappers.proto). Their files are not read.

function field(name: string, number: number, type: string, more: Partial<ProtoField> = {}): ProtoField {
  const isScalar = !type.includes(".");
  const jsonName = lowerCamel(name);
  return {
    name,
    jsonName,
    number,
    type,
    isScalar,
    isRepeated: false,
    isMap: false,
    isReference: false,
    ...more,
  };
}

function message(name: string, ...fields: readonly ProtoField[]): [string, ProtoMessage] {
  const full = `google.protobuf.${name}`;
  return [
    full,
    { name: full, package: "google.protobuf", fields: new Map(fields.map((each) => [each.name, each])) },
  ];
}

export const wellKnown: ReadonlyMap<string, ProtoMessage> = new Map([
  message("Struct", field("fields", 1, "google.protobuf.Value", { isMap: true })),
  message(
    "Value",
    field("string_value", 3, "string"),
    field("struct_value", 5, "google.protobuf.Struct"),
    field("list_value", 6, "google.protobuf.ListValue"),
  ),
  message("ListValue", field("values", 1, "google.protobuf.Value", { isRepeated: true })),
  message("StringValue", field("value", 1, "string")),
  message("BytesValue", field("value", 1, "bytes")),
]);
