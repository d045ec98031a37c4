import type { SecretGraph } from "../../src/catalogue/catalogue-file.ts";
import type { SecretField } from "./curated.ts";
import type { ApiVersion, FieldType, Schema } from "./intermediate.ts";

type GraphFields = SecretGraph[string];

export interface BuiltGraph {
  readonly graph: SecretGraph;
  /** Listed fields of this API version that its schemas do not have. */
  readonly unresolved: readonly string[];
  /** Listed fields it has. */
  readonly present: readonly SecretField[];
}

export function buildSecretGraph(version: ApiVersion, listed: readonly SecretField[]): BuiltGraph {
  const own = listed.filter((field) => field.api === version.api && concerns(field, version.version));
  const marks = new Map<string, string>();
  const unresolved: string[] = [];
  const present: SecretField[] = [];
  for (const field of own) {
    if (typeOf(version, field) !== undefined) {
      marks.set(`${field.schema}.${field.path}`, markOf(field));
      present.push(field);
    }
    // A field listed for every version need not be in each of them; `findUnseen` checks that it is in one.
    else if (field.versions !== "*")
      unresolved.push(`${version.api} ${version.version} ${field.schema}.${field.path}`);
  }
  const bearing = findBearing(version, marks);
  const graph: Record<string, GraphFields> = {};
  // Without any secret in the API there is nothing an embedded object could carry either.
  if (marks.size > 0) {
    for (const [name, schema] of version.schemas) {
      if (!bearing.has(name)) continue;
      graph[name] = graphFields(name, schema, marks, bearing) ?? {};
    }
  }
  return { graph, unresolved, present };
}

/** Listed strict fields that are bytes to Discovery and text to our table, or the other way about; each a sentence. */
export function findByteSlips(discovery: ApiVersion, listed: readonly SecretField[]): string[] {
  return listed
    .filter((field) => field.api === discovery.api && field.kind === "strict")
    .filter((field) => concerns(field, discovery.version))
    .flatMap((field) => {
      const type = typeOf(discovery, field);
      if (type?.kind !== "scalar" || (type.isBytes ?? false) === field.isBytes) return [];
      const name = `${field.api} ${discovery.version} ${field.schema}.${field.path}`;
      return [`byte-fields.tsv: ${name} ${field.isBytes ? "is not bytes" : "is bytes"} to Discovery`];
    });
}

/** Fields listed for every version of an API that is carried, and in none of them. */
export function findUnseen(
  listed: readonly SecretField[],
  present: ReadonlySet<SecretField>,
  apis: ReadonlySet<string>,
): string[] {
  return listed
    .filter((field) => field.versions === "*" && apis.has(field.api) && !present.has(field))
    .map(({ api, schema, path }) => `no such field in any version: ${api} ${schema}.${path}`);
}

export function concerns(field: SecretField, version: string): boolean {
  return field.versions === "*" || field.versions.split(",").includes(version);
}

function markOf(field: SecretField): string {
  const direction = { request: ">", response: "<", both: "" }[field.direction];
  if (field.kind === "bag") return `?${direction}`;
  return (field.isBytes ? "#" : "!") + direction;
}

function typeOf(version: ApiVersion, { schema, path }: SecretField): FieldType | undefined {
  let fields = version.schemas.get(schema);
  const steps = path.split(".");
  for (const step of steps.slice(0, -1)) {
    const type = fields?.get(step);
    fields = type === undefined ? undefined : inside(type, version);
  }
  return fields?.get(steps.at(-1) ?? "");
}

function inside(type: FieldType, version: ApiVersion): Schema | undefined {
  if (type.kind === "schema") return version.schemas.get(type.name);
  if (type.kind === "map") return inside(type.of, version);
  return type.kind === "object" ? type.fields : undefined;
}

/** Schemas from which a listed field can be reached, to a fixed point: schemas refer to each other in cycles. */
function findBearing(version: ApiVersion, marks: ReadonlyMap<string, string>): ReadonlySet<string> {
  const bearing = new Set<string>();
  for (let grew = true; grew; ) {
    grew = false;
    for (const [name, schema] of version.schemas) {
      if (bearing.has(name) || graphFields(name, schema, marks, bearing) === undefined) continue;
      bearing.add(name);
      grew = true;
    }
  }
  return bearing;
}

/** `prefix` is where these fields are: `Schema`, or `Schema.field` within an object written in place. */
function graphFields(
  prefix: string,
  schema: Schema,
  marks: ReadonlyMap<string, string>,
  bearing: ReadonlySet<string>,
): GraphFields | undefined {
  const fields: Record<string, string | GraphFields> = {};
  for (const [field, type] of schema) {
    const path = `${prefix}.${field}`;
    const found = marks.get(path) ?? graphType(path, type, marks, bearing);
    if (found !== undefined) fields[field] = found;
  }
  return Object.keys(fields).length === 0 ? undefined : fields;
}

function graphType(
  path: string,
  type: FieldType,
  marks: ReadonlyMap<string, string>,
  bearing: ReadonlySet<string>,
): string | GraphFields | undefined {
  switch (type.kind) {
    case "schema":
      return bearing.has(type.name) ? type.name : undefined;
    case "object":
      return graphFields(path, type.fields, marks, bearing);
    case "map": {
      const every = graphType(path, type.of, marks, bearing);
      return every === undefined ? undefined : { "*": every };
    }
    case "any":
      return "@";
    case "scalar":
      return undefined;
  }
}
