import type { DescribedScope } from "./descriptor.ts";

/** Full names of all messages, enums and services in a scope. */
export function namesIn(scope: DescribedScope, prefix = ""): string[] {
  return Object.entries(scope.nested ?? {}).flatMap(([name, inner]) => {
    const full = prefix === "" ? name : `${prefix}.${name}`;
    const isPackage = inner.fields === undefined && inner.methods === undefined && inner.values === undefined;
    return [...(isPackage ? [] : [full]), ...namesIn(inner, full)];
  });
}

/**
 * The full name of what a name written in a scope means: the innermost scope that has it wins (language guide of
 * protobuf, "Packages and Name Resolution"). `undefined` when no file read declares it.
 */
export function resolveName(written: string, scope: string, names: ReadonlySet<string>): string | undefined {
  if (written.startsWith(".")) return names.has(written.slice(1)) ? written.slice(1) : undefined;
  for (let from = scope; from !== ""; from = from.slice(0, Math.max(0, from.lastIndexOf(".")))) {
    const full = `${from}.${written}`;
    if (names.has(full)) return full;
  }
  return names.has(written) ? written : undefined;
}

/** `google.cloud.run.v2` is `google.cloud.run` in version `v2`; version "" where the name ends in none. */
export function splitPackage(name: string): { stem: string; version: string } {
  const [, stem, version] = /^(.+)\.(v\d+\w*)$/.exec(name) ?? [];
  return stem === undefined || version === undefined ? { stem: name, version: "" } : { stem, version };
}

/** `delete_object` and `DeleteObject` in lower camel case, as protobuf's JSON form and Discovery write names. */
export function lowerCamel(name: string): string {
  const joined = name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}
