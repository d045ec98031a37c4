import { createHash } from "node:crypto";
import type { ApiVersion, FieldType, Method, QueryParameter, Schema } from "../intermediate.ts";
import type { ReadApi } from "../read-googleapis.ts";
import {
  type DiscoveryDocument,
  type DocumentMethod,
  type DocumentParameters,
  discoveryDocument,
  type JsonShape,
  type MethodTree,
} from "./document.ts";
import { exactTemplate } from "./path-pattern.ts";
import type { DiscoverySource } from "./source.ts";

/** Reads one API version; undefined when the source does not have it. Throws when its document is not as we know it. */
export function readDiscovery(source: DiscoverySource, api: string, version: string): ReadApi | undefined {
  // The wheel has `admin.directory_v1.json` and `admin.directoryv1.json` for the same version.
  const name = [`${api}.${version}.json`, `${api}.${version.replaceAll("_", "")}.json`].find((each) =>
    source.names.has(each),
  );
  if (name === undefined) return undefined;
  const text = source.read(name);
  const inputDigest = createHash("sha256").update(text).digest("hex");
  try {
    const document = discoveryDocument.parse(JSON.parse(text));
    if (document.name !== api || document.version !== version)
      throw new Error(`it describes ${document.name} ${document.version}`);
    return { description: describe(document), inputDigest };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Discovery document ${name}: ${why}`, { cause });
  }
}

function describe(document: DiscoveryDocument): ApiVersion {
  const host = new URL(document.rootUrl).hostname;
  const methods = methodsIn(document).map((method): Method => methodOf(method, document, host));
  const ids = methods.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new Error(`two methods are called ${twice}`);
  for (const name of methods.flatMap(({ requestSchema, responseSchema }) => [requestSchema, responseSchema]))
    if (name !== undefined) checkReference(name, document);
  return { api: document.name, version: document.version, methods, schemas: schemasOf(document) };
}

function methodsIn(tree: MethodTree): DocumentMethod[] {
  return [
    ...Object.values(tree.methods ?? {}),
    ...Object.values(tree.resources ?? {}).flatMap((child) => methodsIn(child)),
  ];
}

function methodOf(method: DocumentMethod, document: DiscoveryDocument, host: string): Method {
  const { id, parameters, description } = method;
  const path = document.servicePath + method.path;
  const upload = method.mediaUpload?.protocols.simple?.path.replace(/^\//, "");
  return {
    api: document.name,
    version: document.version,
    id,
    verb: method.httpMethod,
    host,
    template: exactTemplate(path, parameters),
    uploadTemplate: upload === undefined ? undefined : exactTemplate(upload, parameters),
    isApproximate: false,
    requestSchema: method.request?.$ref,
    responseSchema: method.response?.$ref,
    queryParameters: queryParametersOf(parameters),
    ...(method.supportsMediaDownload === true ? { mayDownloadMedia: true as const } : {}),
    ...(method.deprecated === true ? { isDeprecated: true as const } : {}),
    ...(description === undefined ? {} : { description }),
  };
}

function queryParametersOf(parameters: DocumentParameters): QueryParameter[] {
  return Object.entries(parameters)
    .filter(([, { location }]) => location === "query")
    .map(([name, { repeated }]) => ({ name, isRepeated: repeated === true }));
}

function schemasOf(document: DiscoveryDocument): Map<string, Schema> {
  return new Map(Object.entries(document.schemas).map(([name, shape]) => [name, fieldsOf(shape, document)]));
}

/** A schema that is a map itself has one field, `*`, as in the graph of secrets; one that is a list has its entry's. */
function fieldsOf(shape: JsonShape, document: DiscoveryDocument): Schema {
  if (shape.properties !== undefined) return propertiesOf(shape.properties, document);
  const type = fieldTypeOf(shape, document);
  if (type.kind === "map") return new Map([["*", type.of]]);
  return type.kind === "object" ? type.fields : new Map();
}

function propertiesOf(properties: Readonly<Record<string, JsonShape>>, document: DiscoveryDocument): Schema {
  return new Map(Object.entries(properties).map(([name, shape]) => [name, fieldTypeOf(shape, document)]));
}

function fieldTypeOf(shape: JsonShape, document: DiscoveryDocument): FieldType {
  if (shape.$ref !== undefined) return referenceTo(shape.$ref, document);
  if (shape.type === "object") return objectTypeOf(shape, document);
  if (shape.type === "any") return { kind: "any" };
  if (shape.type === "string" && shape.format === "byte") return { kind: "scalar", isBytes: true };
  if (shape.type !== undefined && flatTypes.has(shape.type)) return { kind: "scalar" };
  if (shape.type === "array" && shape.items !== undefined) return fieldTypeOf(shape.items, document);
  throw new Error(`cannot read the type ${JSON.stringify(shape.type ?? "")}`);
}

const flatTypes: ReadonlySet<string> = new Set(["string", "boolean", "integer", "number"]);

function objectTypeOf(shape: JsonShape, document: DiscoveryDocument): FieldType {
  if (shape.properties !== undefined)
    return { kind: "object", fields: propertiesOf(shape.properties, document) };
  if (shape.additionalProperties === undefined) return { kind: "any" };
  const of = fieldTypeOf(shape.additionalProperties, document);
  return of.kind === "any" ? of : { kind: "map", of };
}

function referenceTo(name: string, document: DiscoveryDocument): FieldType {
  checkReference(name, document);
  return document.schemas[name]?.type === "any" ? { kind: "any" } : { kind: "schema", name };
}

function checkReference(name: string, document: DiscoveryDocument): void {
  if (!Object.hasOwn(document.schemas, name)) throw new Error(`there is no schema ${name}`);
}
