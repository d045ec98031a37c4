import type { ExampleRequest, Method } from "./intermediate.ts";

// Golden cases nobody of us wrote: the package documents each method with an example, from which a request and what it
// is about follow without any template of ours.

/** Builds the example's request. `undefined` where the example leaves a path variable open or writes a pattern. */
export function exampleOf(path: string, values: ReadonlyMap<string, string>): ExampleRequest | undefined {
  const variables = [...path.matchAll(/\{\+?(\w+)\}/g)];
  let target = "";
  let at = 0;
  let first: number | undefined;
  let end = 0;
  for (const variable of variables) {
    const value = values.get(variable[1] ?? "");
    if (value === undefined || !isPlain(value)) return undefined;
    const literal = path.slice(at, variable.index);
    target += literal;
    first ??= beginOfName(target, variable[0].startsWith("{+"), value);
    target += value;
    end = target.length;
    at = variable.index + variable[0].length;
  }
  const resource = first === undefined ? "" : target.slice(first, end);
  return { target: target + path.slice(at), resource };
}

function isPlain(value: string): boolean {
  return /^[A-Za-z][A-Za-z0-9./_-]*$/.test(value) && value !== "placeholder-value" && !value.includes("//");
}

/** A first variable of one segment belongs to the collection before it, unless that is a version. */
function beginOfName(before: string, isReserved: boolean, value: string): number {
  if (isReserved && value.includes("/")) return before.length;
  const [, collection = ""] = /([^/]+)\/$/.exec(before) ?? [];
  return collection === "" || /^v\d/.test(collection) ? before.length : before.length - collection.length - 1;
}

export interface DerivedCase extends ExampleRequest {
  readonly id: string;
  readonly method: string;
  readonly host: string;
}

const casesOfVersion = 2;

/** A few methods of one version, spread over its length; those that another source spells otherwise are left out. */
export function deriveCases(methods: readonly Method[], ids: ReadonlySet<string>): DerivedCase[] {
  const usable = methods
    .filter(({ id, example }) => example !== undefined && ids.has(id))
    .sort((one, other) => (one.id < other.id ? -1 : 1));
  const step = Math.max(1, Math.floor(usable.length / casesOfVersion));
  return usable
    .filter((_, index) => index % step === step - 1)
    .slice(0, casesOfVersion)
    .flatMap(({ id, verb, host, example }) =>
      example === undefined ? [] : [{ id, method: verb, host, ...example }],
    );
}

export function printCases(cases: readonly DerivedCase[]): string {
  const rows = cases.map(({ method, host, target, id, resource }) =>
    [method, host, target, id, resource === "" ? "-" : resource].join("\t"),
  );
  return `method\thost\ttarget\tid\tresource\n${rows.join("\n")}\n`;
}
