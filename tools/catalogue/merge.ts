import type { ApiVersion, FieldType, Method, Schema } from "./intermediate.ts";

/** Which method of one source is which of the other. */
export interface PairedMethods {
  readonly pairs: readonly { readonly discovery: Method; readonly npm: Method }[];
  readonly discoveryOnly: readonly Method[];
  readonly npmOnly: readonly Method[];
}

/**
 * Pairs by id, then by verb and path, then by the id without hyphens and capitals: the package's ids are derived, so a
 * method it names otherwise is still the same method, and taking it for another would give one route two names.
 */
export function pairMethods(discovery: readonly Method[], npm: readonly Method[]): PairedMethods {
  const keys = [({ id }: Method) => id, routeOf, plainNameOf];
  const indexes = keys.map((key) => ({ key, known: indexBy(discovery, key) }));
  const pairs: { discovery: Method; npm: Method }[] = [];
  const npmOnly: Method[] = [];
  for (const method of npm) {
    const same = indexes.map(({ key, known }) => known.get(key(method))).find((found) => found !== undefined);
    if (same === undefined) npmOnly.push(method);
    else pairs.push({ discovery: same, npm: method });
  }
  const paired = new Set(pairs.map((pair) => pair.discovery.id));
  return { pairs, npmOnly, discoveryOnly: discovery.filter(({ id }) => !paired.has(id)) };
}

/** Without the methods that share a key: which of them is meant nobody could say. */
function indexBy(methods: readonly Method[], key: (method: Method) => string): Map<string, Method> {
  const counts = new Map<string, number>();
  for (const method of methods) counts.set(key(method), (counts.get(key(method)) ?? 0) + 1);
  const unique = methods.filter((method) => counts.get(key(method)) === 1);
  return new Map(unique.map((method) => [key(method), method]));
}

/** The package writes `fhir.search-type` as `fhir.searchType`. */
function plainNameOf({ verb, id }: Method): string {
  return `${verb} ${id.replaceAll("-", "").toLowerCase()}`;
}

/** Verb and path, whatever its variables are called. */
function routeOf({ verb, template }: Method): string {
  return `${verb} ${template.replace(/\{\w+\}/g, "*").replace(/\{\w+=([^}]+)\}/g, "$1")}`;
}

/**
 * One description from two of the same API version. Discovery's methods are taken as they are, its ids and templates
 * being Google's own; the package may be newer, so methods and fields that only it has are added. A method that only the
 * package has and whose path would be a guess is left out: it may be gone, and `/v1/{name=**}` would make every path of
 * the API look known.
 */
export function mergeVersions(discovery: ApiVersion, npm: ApiVersion): ApiVersion {
  const { npmOnly } = pairMethods(discovery.methods, npm.methods);
  return {
    api: discovery.api,
    version: discovery.version,
    methods: [...discovery.methods, ...npmOnly.filter(({ isApproximate }) => !isApproximate)],
    schemas: mergeMaps(discovery.schemas, npm.schemas, mergeFields),
    prose: npm.prose,
  };
}

function mergeFields(one: Schema, other: Schema): Schema {
  return mergeMaps(one, other, mergeTypes);
}

/** Where the two disagree, the one under which more can hide wins: a field called flat is never looked into. */
function mergeTypes(one: FieldType, other: FieldType): FieldType {
  if (one.kind === "object" && other.kind === "object")
    return { kind: "object", fields: mergeFields(one.fields, other.fields) };
  if (one.kind === "map" && other.kind === "map") return { kind: "map", of: mergeTypes(one.of, other.of) };
  return one.kind === "scalar" && other.kind !== "scalar" ? other : one;
}

function mergeMaps<T>(
  one: ReadonlyMap<string, T>,
  other: ReadonlyMap<string, T>,
  merge: (one: T, other: T) => T,
): Map<string, T> {
  const merged = new Map(one);
  for (const [key, value] of other) {
    const known = one.get(key);
    merged.set(key, known === undefined ? value : merge(known, value));
  }
  return merged;
}
