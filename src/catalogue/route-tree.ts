import { compareClasses, type Operation } from "./operation.ts";
import { decodeOnce } from "./target.ts";
import type { PathTemplate } from "./template.ts";

/** What a path that matched means. */
export interface Route {
  readonly operation: Operation;
  readonly resource: PathTemplate["resource"];
  /** Which of Google's media paths the template belongs to. */
  readonly media: "upload" | "resumable_upload" | "download" | undefined;
  /** Whether `alt=media` may ask for the bytes themselves. */
  readonly isDownload: boolean;
  /** Collections whose ids may hold `%2F`. */
  readonly slashes: ReadonlySet<string>;
  /** Query parameters that may occur more than once. */
  readonly repeated: ReadonlySet<string>;
  /** Query parameter that names the project where the path does not. */
  readonly projectParameter: string | undefined;
  /**
   * Firestore alone tells methods apart by counting: below `documents` an even number of segments is a document, an
   * odd number a collection.
   */
  readonly documentSegments: "even" | "odd" | undefined;
}

/** All routes of one host. Built once, never changed after. */
export interface RouteTree {
  readonly root: RouteNode;
  readonly verbs: ReadonlySet<string>;
  /** First path segments under which there are custom verbs. */
  readonly verbPrefixes: ReadonlySet<string>;
}

interface RouteNode {
  literals: Map<string, RouteNode> | undefined;
  /** The literals in lower case, where an id could be taken for one of them. */
  lookAlikes: Set<string> | undefined;
  one: RouteNode | undefined;
  many: RouteNode | undefined;
  /** By `METHOD verb`. */
  ends: Map<string, Route> | undefined;
}

export interface PlacedRoute {
  readonly method: string;
  readonly template: PathTemplate;
  readonly route: Route;
}

export function growRouteTree(routes: Iterable<PlacedRoute>): RouteTree {
  const root = emptyNode();
  const verbs = new Set<string>();
  const verbPrefixes = new Set<string>();
  for (const { method, template, route } of routes) {
    const { segments, verb } = template;
    if (verb !== "") {
      verbs.add(verb);
      verbPrefixes.add(segments[0] ?? "");
    }
    const node = segments.reduce(childFor, root);
    const key = `${method} ${verb}`;
    const known = node.ends?.get(key);
    // Two methods behind one path: whoever is judged by the milder one could be doing the worse.
    if (known === undefined || compareClasses(known.operation.class, route.operation.class) < 0) {
      node.ends ??= new Map();
      node.ends.set(key, route);
    }
  }
  noteLookAlikes(root);
  return { root, verbs, verbPrefixes };
}

function emptyNode(): RouteNode {
  return { literals: undefined, lookAlikes: undefined, one: undefined, many: undefined, ends: undefined };
}

function childFor(node: RouteNode, segment: string): RouteNode {
  if (segment === "*") {
    node.one ??= emptyNode();
    return node.one;
  }
  if (segment === "**") {
    node.many ??= emptyNode();
    return node.many;
  }
  node.literals ??= new Map();
  const child = node.literals.get(segment) ?? emptyNode();
  node.literals.set(segment, child);
  return child;
}

function noteLookAlikes(node: RouteNode): void {
  const { literals, one, many } = node;
  if (literals !== undefined && (one !== undefined || many !== undefined)) {
    node.lookAlikes = new Set([...literals.keys()].map((literal) => literal.toLowerCase()));
  }
  for (const child of [...(literals?.values() ?? []), one, many]) {
    if (child !== undefined) noteLookAlikes(child);
  }
}

export type RouteSearch =
  | { readonly kind: "found"; readonly route: Route; readonly segments: readonly string[] }
  | { readonly kind: "none"; readonly why: "no_route" | "unknown_verb" | "look_alike" };

const noRoute: RouteSearch = { kind: "none", why: "no_route" };
const unknownVerb: RouteSearch = { kind: "none", why: "unknown_verb" };
const lookAlike: RouteSearch = { kind: "none", why: "look_alike" };

/**
 * Finds the route of a raw, undecoded path: literals before `*` before the shortest `**`, custom verbs first.
 * `segments` of the answer are those of the path without the verb.
 */
export function findRoute(tree: RouteTree, method: string, path: readonly string[]): RouteSearch {
  const last = path[path.length - 1] ?? "";
  const colon = last.lastIndexOf(":");
  const verb = colon > 0 ? last.slice(colon + 1) : "";
  if (verb !== "" && tree.verbs.has(verb)) {
    const segments = path.with(-1, last.slice(0, colon));
    const search = searchTree(tree, `${method} ${verb}`, segments);
    if (search.kind === "found" || search.why === "look_alike") return search;
  }
  const search = searchTree(tree, `${method} `, path);
  if (search.kind === "found" && hidesVerb(tree, path, last)) return unknownVerb;
  if (search === noRoute && colon >= 0) return unknownVerb;
  return search;
}

/**
 * Whether the last segment may hide a verb we do not know: thousands of GET paths end in an id, so that
 * `versions/latest:acces` or `versions/latest%3Aaccess` would read as a harmless `versions.get`.
 */
function hidesVerb(tree: RouteTree, path: readonly string[], last: string): boolean {
  if (!last.includes(":") && !/%3a/i.test(last)) return false;
  if (!tree.verbPrefixes.has(path[0] ?? "")) return false;
  const decoded = decodeOnce(last);
  if (/(?:^|@)sha256:[0-9a-f]{8,64}$/.test(decoded)) return false;
  const [, suffix] = /^(?:[a-z0-9-]+\.)+[a-z]+:([a-z][a-z0-9-]*)$/.exec(last) ?? [];
  const isDomainScoped = suffix !== undefined && path.at(-2) === "projects";
  return !isDomainScoped || [...tree.verbs].some((verb) => verb.toLowerCase() === suffix);
}

interface Search {
  readonly key: string;
  readonly segments: readonly string[];
  sawLookAlike: boolean;
}

function searchTree(tree: RouteTree, key: string, segments: readonly string[]): RouteSearch {
  const search: Search = { key, segments, sawLookAlike: false };
  const route = walk(search, tree.root, 0);
  if (search.sawLookAlike) return lookAlike;
  return route === undefined ? noRoute : { kind: "found", route, segments };
}

function walk(search: Search, node: RouteNode, at: number): Route | undefined {
  const segment = search.segments[at];
  if (segment === undefined) return endOf(search, node);
  const literal = node.literals?.get(segment);
  if (literal !== undefined) {
    const found = walk(search, literal, at + 1);
    if (found !== undefined) return found;
  } else if (node.lookAlikes?.has(decodeOnce(segment).toLowerCase()) === true) {
    // A server that decoded it, or forgave its case, would take the literal: for us it would be an id.
    search.sawLookAlike = true;
  }
  const found = node.one === undefined ? undefined : walk(search, node.one, at + 1);
  if (found !== undefined || node.many === undefined) return found;
  return walkMany(search, node.many, at);
}

function walkMany(search: Search, node: RouteNode, from: number): Route | undefined {
  for (let end = from + 1; end <= search.segments.length; end++) {
    const found = walk(search, node, end);
    if (found !== undefined) return found;
  }
  return undefined;
}

function endOf({ key, segments }: Search, node: RouteNode): Route | undefined {
  const route = node.ends?.get(key);
  if (route?.documentSegments === undefined) return route;
  const below = segments.length - 1 - segments.indexOf("documents");
  return route.documentSegments === (below % 2 === 0 ? "even" : "odd") ? route : undefined;
}
