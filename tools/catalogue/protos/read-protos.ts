import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { ProtoField, ProtoMessage, ProtoService, Protos, Rpc } from "./declarations.ts";
import {
  type DescribedField,
  type DescribedMethod,
  type DescribedScope,
  operationInfo,
  routingRule,
} from "./descriptor.ts";
import { bindingsOf, optionsNamed } from "./http-rule.ts";
import { lowerCamel, namesIn, resolveName } from "./names.ts";
import { loadParser, type ParsedFile } from "./parser.ts";
import { wellKnown } from "./well-known.ts";

export interface ReadProtos extends Protos {
  /** SHA-256 over all files read, hex. */
  readonly inputDigest: string;
}

/** Reads an unpacked `google-proto-files` package; takes some seconds. */
export function readProtos(packageFolder: string): ReadProtos {
  const parse = loadParser();
  const digest = createHash("sha256");
  const files = protoFiles(packageFolder).map((path) => {
    const text = readFileSync(join(packageFolder, path), "utf8");
    digest.update(path).update("\0").update(text).update("\0");
    return parse(text);
  });
  return { ...gatherProtos(files), inputDigest: digest.digest("hex") };
}

/** Joins files parsed each by itself. */
export function gatherProtos(files: readonly ParsedFile[]): Protos {
  const reading: Reading = {
    package: "",
    names: new Set([...files.flatMap(({ scope }) => namesIn(scope)), ...wellKnown.keys()]),
    messages: new Map(wellKnown),
    services: new Map(),
  };
  for (const file of files) readScope(file.scope, "", { ...reading, package: file.package });
  return { services: [...reading.services.values()], messages: reading.messages };
}

/** Without the descriptions of protobuf itself; what is under `gapic` are copies and examples. */
function protoFiles(packageFolder: string): string[] {
  return ["google", "grafeas"]
    .flatMap((folder) =>
      readdirSync(join(packageFolder, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(".proto"))
        .map((entry) => relative(packageFolder, join(entry.parentPath, entry.name)).replaceAll("\\", "/")),
    )
    .filter((path) => !path.startsWith("google/protobuf/"))
    .sort();
}

interface Reading {
  readonly package: string;
  readonly names: ReadonlySet<string>;
  readonly messages: Map<string, ProtoMessage>;
  readonly services: Map<string, ProtoService>;
}

function readScope(scope: DescribedScope, prefix: string, reading: Reading): void {
  for (const [name, inner] of Object.entries(scope.nested ?? {})) {
    const full = prefix === "" ? name : `${prefix}.${name}`;
    if (inner.methods !== undefined) {
      reading.services.set(full, serviceOf(full, inner, reading));
    } else if (inner.fields !== undefined) {
      reading.messages.set(full, messageOf(full, inner, reading));
    }
    readScope(inner, full, reading);
  }
}

function messageOf(full: string, scope: DescribedScope, reading: Reading): ProtoMessage {
  const fields = Object.entries(scope.fields ?? {}).map(
    ([name, field]) => [name, fieldOf(name, field, full, reading)] as const,
  );
  return { name: full, package: reading.package, fields: new Map(fields) };
}

/** Lower case and digits: what protobuf calls scalar value types. Messages of Google's begin with a capital. */
const scalar = /^(?:double|float|u?int(?:32|64)|sint(?:32|64)|s?fixed(?:32|64)|bool|string|bytes)$/;

function fieldOf(name: string, field: DescribedField, scope: string, reading: Reading): ProtoField {
  const isScalar = scalar.test(field.type);
  const jsonName = field.options?.["json_name"];
  return {
    name,
    jsonName: typeof jsonName === "string" ? jsonName : lowerCamel(name),
    number: field.id,
    type: isScalar ? field.type : nameOf(field.type, scope, reading),
    isScalar,
    isRepeated: field.rule === "repeated",
    isMap: field.keyType !== undefined,
    isReference: Object.keys(field.options ?? {}).some((key) =>
      key.startsWith("(google.api.resource_reference)"),
    ),
  };
}

/** Types of google.protobuf are not among the files read; they are always written in full. */
function nameOf(written: string, scope: string, { names }: Reading): string {
  const name = resolveName(written, scope, names) ?? written.replace(/^\./, "");
  if (!names.has(name) && !name.startsWith("google.protobuf."))
    throw new Error(`${scope}: nothing declares ${written}`);
  return name;
}

function serviceOf(full: string, scope: DescribedScope, reading: Reading): ProtoService {
  const host = scope.options?.["(google.api.default_host)"];
  const scopes = scope.options?.["(google.api.oauth_scopes)"];
  return {
    name: full,
    package: reading.package,
    host: typeof host === "string" ? host.replace(/:443$/, "") : undefined,
    scopes: typeof scopes === "string" ? scopes.split(",").map((each) => each.trim()) : [],
    rpcs: Object.entries(scope.methods ?? {}).map(([name, method]) => rpcOf(full, name, method, reading)),
  };
}

function rpcOf(service: string, name: string, method: DescribedMethod, reading: Reading): Rpc {
  const inPackage = (written: string | undefined): string[] => {
    const found = resolveName(written ?? "", service, reading.names);
    return found === undefined ? [] : [found];
  };
  const operation = operationInfo.parse(optionsNamed(method, "(google.longrunning.operation_info)")[0] ?? {});
  const routing = optionsNamed(method, "(google.api.routing)").flatMap((option) => {
    const parameters = routingRule.parse(option).routing_parameters ?? [];
    return (Array.isArray(parameters) ? parameters : [parameters]).map(({ field }) => field);
  });
  return {
    name: `${service}/${name}`,
    method: name,
    request: nameOf(method.requestType, service, reading),
    response: nameOf(method.responseType, service, reading),
    streaming: streamingOf(method),
    bindings: bindingsOf(method),
    routingFields: [...new Set(routing)],
    operationTypes: [...inPackage(operation.response_type), ...inPackage(operation.metadata_type)],
  };
}

function streamingOf({ requestStream, responseStream }: DescribedMethod): Rpc["streaming"] {
  if (requestStream === true) return responseStream === true ? "both" : "client";
  return responseStream === true ? "server" : "";
}
