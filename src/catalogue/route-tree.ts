import type { Operation, RiskClass } from "./operation.ts";
import { decodeOnce } from "./target.ts";
import type { PathTemplate } from "./template.ts";

/** What a path that matched means. */
export interface Route {
  readonly operation: Operation;
  readonly template: PathTemplate;
  /** Which of Google's media paths the template belongs to. */
  readonly media: "upload" | "resumable_upload" | "download" | undefined;
  /** Collections whose ids may hold `%2F`. */
  readonly slashes: ReadonlySet<string>;
  /** Query parameters that may occur more than once. */
  readonly repeated: ReadonlySet<string>;
  /** Query parameter that names the project where the path does not. */
  readonly projectParameter: string | undefined;
}

/** All routes of one host. Built once, never changed after. */
export interface RouteTree {
  readonly root: RouteNode;
  readonly verbs: ReadonlySet<string>;
  /** First path segments under which there are custom verbs. */
  readonly verbPrefixes: ReadonlySet<string>;
}

interface RouteNode {
  readonly literals: Map<string, RouteNode>;
  /** The literals in lower case, to notice what only looks like one of them. */
  readonly lookAlikes: Set<string>;
  one: RouteNode | undefined;
  many: RouteNode | undefined;
  /** By `METHOD verb`. */
  readonly ends: Map<string, Route>;
}

const order: readonly RiskClass[] = ["read", "write", "destructive", "privileged", "secret_read", "unknown"];

/** Negative when `a` is the milder class. */
export function compareClasses(a: RiskClass, b: RiskClass): number {
  return order.indexOf(a) - order.indexOf(b);
}

export function growRouteTree(routes: Iterable<readonly [method: string, Route]>): RouteTree {
  const root = emptyNode();
  const verbs = new Set<string>();
  const verbPrefixes = new Set<string>();
  for (const [method, route] of routes) {
    const { segments, verb } = route.template;
    if (verb !== "") {
      verbs.add(verb);
      verbPrefixes.add(segments[0] ?? "");
    }
    const node = segments.reduce(childFor, root);
    const key = `${method} ${verb}`;
    const known = node.ends.get(key);
    // Two methods behind one path: whoever is judged by the milder one could be doing the worse.
    if (known === undefined || compareClasses(known.operation.class, route.operation.class) < 0) {
      node.ends.set(key, route);
    }
  }
  return { root, verbs, verbPrefixes };
}

function emptyNode(): RouteNode {
  return { literals: new Map(), lookAlikes: new Set(), one: undefined, many: undefined, ends: new Map() };
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
  const child = node.literals.get(segment) ?? emptyNode();
  node.literals.set(segment, child);
  node.lookAlikes.add(segment.toLowerCase());
  return child;
}

export type RouteSearch =
  | { readonly kind: "found"; readonly route: Route; readonly segments: readonly string[] }
  | { readonly kind: "none"; readonly why: "no_route" | "unknown_verb" | "look_alike" };

/**
 * Finds the route of a raw, undecoded path: literals before `*` before the shortest `**`, custom verbs first.
 * `segments` of the answer are those of the path without the verb.
 */
export function findRoute(tree: RouteTree, method: string, path: readonly string[]): RouteSearch {
  const last = path.at(-1) ?? "";
  const colon = last.lastIndexOf(":");
  const verb = last.slice(colon + 1);
  if (colon > 0 && tree.verbs.has(verb)) {
    const segments = [...path.slice(0, -1), last.slice(0, colon)];
    const search = searchTree(tree, `${method} ${verb}`, segments);
    if (search.kind === "found" || search.why === "look_alike") return search;
  }
  const search = searchTree(tree, `${method} `, path);
  if (search.kind === "found" && hidesVerb(tree, path, last)) return { kind: "none", why: "unknown_verb" };
  if (search.kind === "none" && search.why === "no_route" && colon >= 0)
    return { kind: "none", why: "unknown_verb" };
  return search;
}

/**
 * Whether the last segment may hide a verb we do not know: thousands of GET paths end in an id, so that
 * `versions/latest:acces` or `versions/latest%3Aaccess` would read as a harmless `versions.get`.
 */
function hidesVerb(tree: RouteTree, path: readonly string[], last: string): boolean {
  if (!/:|%3a/i.test(last) || !tree.verbPrefixes.has(path[0] ?? "")) return false;
  const decoded = decodeOnce(last);
  if (/(?:^|@)sha256:[0-9a-f]{8,64}$/.test(decoded)) return false;
  const [, suffix] = /^(?:[a-z0-9-]+\.)+[a-z]+:([a-z][a-z0-9-]*)$/.exec(last) ?? [];
  const isDomainScoped = suffix !== undefined && path.at(-2) === "projects";
  return !isDomainScoped || [...tree.verbs].some((verb) => verb.toLowerCase() === suffix);
}

function searchTree(tree: RouteTree, key: string, segments: readonly string[]): RouteSearch {
  const seen = { lookAlike: false };

  function walk(node: RouteNode, at: number): Route | undefined {
    const segment = segments[at];
    if (segment === undefined) return node.ends.get(key);
    const literal = node.literals.get(segment);
    const found = literal === undefined ? undefined : walk(literal, at + 1);
    if (found !== undefined) return found;
    if (literal === undefined && isLookAlike(node, segment)) seen.lookAlike = true;
    return (node.one && walk(node.one, at + 1)) ?? (node.many && walkMany(node.many, at));
  }

  function walkMany(node: RouteNode, from: number): Route | undefined {
    for (let end = from + 1; end <= segments.length; end++) {
      const found = walk(node, end);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  const route = walk(tree.root, 0);
  if (seen.lookAlike) return { kind: "none", why: "look_alike" };
  return route === undefined ? { kind: "none", why: "no_route" } : { kind: "found", route, segments };
}

/** A segment that would be a literal if a server decoded it or forgave its case, but is taken for an id here. */
function isLookAlike(node: RouteNode, segment: string): boolean {
  if (node.lookAlikes.size === 0 || (node.one === undefined && node.many === undefined)) return false;
  return node.lookAlikes.has(decodeOnce(segment).toLowerCase());
}
