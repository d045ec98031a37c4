import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exampleOf } from "./derived-cases.ts";
import type { ApiVersion, Method } from "./intermediate.ts";
import { type DeclaredMethod, scanDeclarations } from "./scan-declarations.ts";
import { type ScannedMethod, scanMethods } from "./scan-methods.ts";
import { templateOf } from "./templates.ts";

export interface ReadApi {
  readonly description: ApiVersion;
  /** SHA-256 over the two files read, hex. */
  readonly inputDigest: string;
}

/** Reads one API version from an unpacked `googleapis` package. */
export function readApi(packageFolder: string, api: string, version: string): ReadApi {
  const base = join(packageFolder, "build/src/apis", api, version);
  const script = readFileSync(`${base}.js`, "utf8");
  const declarations = readFileSync(`${base}.d.ts`, "utf8");
  const declared = scanDeclarations(declarations, `${version}.d.ts`);
  const methods = scanMethods(script, api, version).map((method) => {
    const more = declared.methods.get(method.declaredAs);
    if (more === undefined) throw new Error(`${api} ${version}: ${method.declaredAs} is not declared`);
    return joinMethod({ api, version }, method, more);
  });
  return {
    description: { api, version, methods, schemas: declared.schemas, prose: declared.prose },
    inputDigest: createHash("sha256").update(script).update("\0").update(declarations).digest("hex"),
  };
}

function joinMethod(
  origin: { api: string; version: string },
  method: ScannedMethod,
  declared: DeclaredMethod,
): Method {
  const template = templateOf(method.path, declared.example);
  const upload =
    method.uploadPath === undefined ? undefined : templateOf(method.uploadPath, declared.example);
  return {
    ...origin,
    id: method.id,
    verb: method.verb,
    host: method.host,
    template: template.text,
    uploadTemplate: upload?.text,
    isApproximate: template.isApproximate,
    example: exampleOf(method.path, declared.example),
    requestSchema: declared.requestSchema,
    responseSchema: declared.responseSchema,
    description: declared.description,
    queryParameters: declared.parameters.filter(({ name }) => !hasVariable(method.path, name)),
  };
}

function hasVariable(path: string, name: string): boolean {
  return path.includes(`{${name}}`) || path.includes(`{+${name}}`);
}
