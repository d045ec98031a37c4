import type { SecretField } from "../curated.ts";
import type { ApiVersion, FieldType, Method, Schema } from "../intermediate.ts";
import type { ProtoField, Protos } from "./declarations.ts";
import type { Join, JoinedRpc } from "./join.ts";
import { lowerCamel } from "./names.ts";
import type { SecretMark, SecretMarks } from "./secret-marks.ts";

/**
 * Adds the marks REST has and the table does not give a field number for: where an rpc is a REST method, the field of
 * its message that has the name of a secret JSON member is that secret. gRPC is then masked where REST is.
 */
export function transferMarks(
  join: Join,
  protos: Protos,
  { marks, slips }: SecretMarks,
  listed: readonly SecretField[],
): SecretMarks {
  const all = new Map([...marks].map(([message, fields]) => [message, new Map(fields)]));
  const versionOf = new Map<Method, ApiVersion>(
    join.versions.flatMap((version) => version.methods.map((method) => [method, version] as const)),
  );
  const walks = new Map<ApiVersion, Walk>();
  for (const { rest, ...joined } of join.services.flatMap(({ rpcs }) => rpcs)) {
    const version = rest && versionOf.get(rest);
    if (rest === undefined || version === undefined) continue;
    const walk = walks.get(version) ?? newWalk(version, listed, protos, all);
    walks.set(version, walk);
    visit(walk, rest.requestSchema, bodyMessage(joined, protos));
    visit(walk, rest.responseSchema, joined.rpc.response);
  }
  return { marks: all, slips };
}

/** What the JSON body of the first binding is. */
function bodyMessage({ rpc, bindings }: Omit<JoinedRpc, "rest">, { messages }: Protos): string {
  const body = bindings[0]?.body ?? "*";
  return messages.get(rpc.request)?.fields.get(body)?.type ?? rpc.request;
}

interface Walk {
  readonly version: ApiVersion;
  /** By `Schema.path`. */
  readonly secrets: ReadonlyMap<string, SecretMark>;
  readonly protos: Protos;
  /** Grows. */
  readonly marks: Map<string, Map<string, SecretMark>>;
  readonly seen: Set<string>;
}

function newWalk(
  version: ApiVersion,
  listed: readonly SecretField[],
  protos: Protos,
  marks: Walk["marks"],
): Walk {
  const own = listed.filter(
    ({ api, versions }) =>
      api === version.api && (versions === "*" || versions.split(",").includes(version.version)),
  );
  const secrets = new Map(
    own.map(({ schema, path, kind, direction }) => [`${schema}.${path}`, { kind, direction }]),
  );
  return { version, secrets, protos, marks, seen: new Set() };
}

function visit(walk: Walk, schemaName: string | undefined, message: string): void {
  const schema = walk.version.schemas.get(schemaName ?? "");
  const key = `${schemaName} ${message}`;
  if (schemaName === undefined || schema === undefined || walk.secrets.size === 0 || walk.seen.has(key))
    return;
  walk.seen.add(key);
  visitFields(walk, schemaName, schema, message);
}

/** `prefix` is where these members are: `Schema`, or `Schema.member` within an object written in place. */
function visitFields(walk: Walk, prefix: string, schema: Schema, message: string): void {
  const fields = new Map(
    [...(walk.protos.messages.get(message)?.fields.values() ?? [])].map((field) => [field.jsonName, field]),
  );
  for (const [member, type] of schema) {
    const field = fields.get(member) ?? fields.get(lowerCamel(member));
    if (field === undefined) continue;
    const mark = walk.secrets.get(`${prefix}.${member}`);
    if (mark === undefined) visitType(walk, `${prefix}.${member}`, type, field);
    else addMark(walk, message, field.name, mark);
  }
}

function addMark({ marks }: Walk, message: string, field: string, mark: SecretMark): void {
  const known = marks.get(message) ?? new Map<string, SecretMark>();
  if (!known.has(field)) marks.set(message, known.set(field, mark));
}

function visitType(walk: Walk, path: string, type: FieldType, field: ProtoField): void {
  switch (type.kind) {
    case "schema":
      visit(walk, type.name, field.type);
      break;
    case "map":
      visitType(walk, path, type.of, field);
      break;
    case "object":
      visitFields(walk, path, type.fields, field.type);
      break;
    case "any":
    case "scalar":
      break;
  }
}
