import type { SecretField } from "../curated.ts";
import type { FieldType, Schema } from "../intermediate.ts";
import type { ProtoField, Protos } from "./declarations.ts";
import type { SecretMarks } from "./secret-marks.ts";

/** The JSON form of messages, for methods that Discovery does not describe. */
export interface JsonSchemas {
  readonly schemas: ReadonlyMap<string, Schema>;
  /** Their secret fields, as the table of secret fields would list them. */
  readonly secretFields: readonly SecretField[];
}

/** `google.cloud.run.v2.Service` is `GoogleCloudRunV2Service`, as where Discovery writes names in full. */
export function schemaName(message: string): string {
  return message
    .split(".")
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
}

/** Schemas of all messages that can be reached from some, for one API version. */
export function jsonSchemasOf(
  roots: Iterable<string>,
  { messages }: Protos,
  { marks }: SecretMarks,
  { api, version }: { api: string; version: string },
): JsonSchemas {
  const schemas = new Map<string, Schema>();
  const secretFields: SecretField[] = [];
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const message = messages.get(name);
    const schema = schemaName(name);
    if (message === undefined || schemas.has(schema)) continue;
    const fields = [...message.fields.values()];
    schemas.set(schema, new Map(fields.map((field) => [field.jsonName, typeOf(field)])));
    for (const field of fields) {
      if (!isFlat(field)) waiting.push(field.type);
      const mark = marks.get(name)?.get(field.name);
      if (mark === undefined) continue;
      const isBytes = mark.kind === "strict" && field.type === "bytes";
      secretFields.push({
        api,
        versions: version,
        schema,
        path: field.jsonName,
        ...mark,
        isBytes,
        protos: [],
      });
    }
  }
  return { schemas, secretFields };
}

/** Types of google.protobuf have a JSON form of their own: a string, a number or whatever they hold. */
function isFlat({ type, isScalar }: ProtoField): boolean {
  return isScalar || type.startsWith("google.protobuf.");
}

function typeOf(field: ProtoField): FieldType {
  const of: FieldType =
    field.type === "google.protobuf.Any"
      ? { kind: "any" }
      : isFlat(field)
        ? { kind: "scalar" }
        : { kind: "schema", name: schemaName(field.type) };
  return field.isMap ? { kind: "map", of } : of;
}
