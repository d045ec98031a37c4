import { isSegment, type Path, segmentAt, segmentEnd } from "./path.ts";
import type { Route, RouteTree } from "./route-tree.ts";
import { decodeOnce } from "./target.ts";

export type RouteSearch =
  | { readonly kind: "found"; readonly route: Route; readonly path: Path; readonly tree: RouteTree }
  | { readonly kind: "none"; readonly why: "no_route" | "unknown_verb" | "look_alike" };

const noRoute: RouteSearch = { kind: "none", why: "no_route" };
const unknownVerb: RouteSearch = { kind: "none", why: "unknown_verb" };
const lookAlike: RouteSearch = { kind: "none", why: "look_alike" };

/**
 * Finds the route of a raw, undecoded path: literals before `*` before the shortest `**`, custom verbs first.
 * `path` of the answer is the one without the verb.
 */
export function findRoute(tree: RouteTree, method: string, path: Path): RouteSearch {
  const last = path.starts[path.starts.length - 1] ?? 0;
  const colon = path.text.includes(":", last) ? path.text.lastIndexOf(":") : -1;
  const verb = colon > last ? tree.verbs.get(path.text.slice(colon + 1)) : undefined;
  const methodNumber = tree.words.numbers.get(method) ?? -1;
  if (verb !== undefined) {
    const search = searchTree(tree, untilColon(path, colon), methodNumber, verb);
    if (search.kind === "found" && hasColonInId(path, colon)) return unknownVerb;
    if (search.kind === "found" || search.why === "look_alike") return search;
  }
  const search = searchTree(tree, path, methodNumber, 0);
  const mayHideVerb = colon >= 0 || path.hasEscapes;
  if (search.kind === "found" && mayHideVerb && hidesVerb(tree, path)) return unknownVerb;
  if (search === noRoute && colon >= 0) return unknownVerb;
  return search;
}

/**
 * `x:set:getIamPolicy`: before a verb only the id of a domain's project may hold a colon. Anything else could be two verbs.
 */
function hasColonInId(path: Path, colon: number): boolean {
  const last = path.starts.length - 1;
  const id = path.text.slice(path.starts[last], colon);
  if (!id.includes(":") && !/%3a/i.test(id)) return false;
  return !(isSegment(path, last - 1, "projects") && /^(?:[a-z0-9-]+\.)+[a-z]+:[a-z][a-z0-9-]*$/.test(id));
}

function untilColon({ text, starts, hasEscapes, isPlain }: Path, colon: number): Path {
  return { text, starts, end: colon, hasEscapes, isPlain };
}

/**
 * Whether the last segment may hide a verb we do not know: thousands of GET paths end in an id, so that
 * `versions/latest:acces` or `versions/latest%3Aaccess` would read as a harmless `versions.get`.
 */
function hidesVerb(tree: RouteTree, path: Path): boolean {
  const count = path.starts.length;
  const last = segmentAt(path, count - 1);
  if (!/:|%3a/i.test(last) || !tree.verbPrefixes.has(segmentAt(path, 0))) return false;
  const decoded = decodeOnce(last);
  if (/(?:^|@)sha256:[0-9a-f]{8,64}$/.test(decoded)) return false;
  const [, suffix] = /^(?:[a-z0-9-]+\.)+[a-z]+:([a-z][a-z0-9-]*)$/.exec(last) ?? [];
  const isDomainScoped = suffix !== undefined && isSegment(path, count - 2, "projects");
  return !isDomainScoped || [...tree.verbs.keys()].some((verb) => verb.toLowerCase() === suffix);
}

interface Search {
  readonly tree: RouteTree;
  readonly path: Path;
  readonly method: number;
  readonly verb: number;
  sawLookAlike: boolean;
}

/** `method` and `verb` are numbers of the word list: -1 for a method no path has, 0 for no verb. */
function searchTree(tree: RouteTree, path: Path, method: number, verb: number): RouteSearch {
  const search: Search = { tree, path, method, verb, sawLookAlike: false };
  const route = walk(search, 0, 0);
  if (search.sawLookAlike) return lookAlike;
  return route === undefined ? noRoute : { kind: "found", route, path, tree };
}

/** Below the node at `node`, with the segments before `from` already matched. */
function walk(search: Search, node: number, from: number): Route | undefined {
  const { tree, path } = search;
  const { nodes } = tree;
  const steps = nodes[node] ?? 0;
  if (!hasSteps(search, node + 1, from)) return undefined;
  const at = from + steps;
  const words = node + 1 + steps;
  const ways = words + 1 + 2 * (nodes[words] ?? 0);
  if (at >= path.starts.length) return at === path.starts.length ? endOf(search, ways + 2) : undefined;
  const literal = belowWord(search, words, at);
  const one = nodes[ways] ?? 0;
  const many = nodes[ways + 1] ?? 0;
  if (literal !== 0) {
    const found = walk(search, literal, at + 1);
    if (found !== undefined) return found;
  } else if ((one !== 0 || many !== 0) && looksLikeWord(search, words, at)) {
    // A server that decoded it, or forgave its case, would take the word: for us it would be an id.
    search.sawLookAlike = true;
  }
  const found = one === 0 ? undefined : walk(search, one, at + 1);
  return found !== undefined || many === 0 ? found : walkMany(search, many, at);
}

function hasSteps(search: Search, first: number, from: number): boolean {
  const { tree, path } = search;
  const count = tree.nodes[first - 1] ?? 0;
  for (let index = 0; index < count; index++) {
    const step = tree.nodes[first + index] ?? 0;
    if (step === 0 || isSegment(path, from + index, tree.words.texts[step] ?? "")) continue;
    // Another way through the tree may take the word for an id, which it would be only in disguise.
    if (decodeOnce(segmentAt(path, from + index)).toLowerCase() === tree.words.lower[step])
      search.sawLookAlike = true;
    return false;
  }
  return true;
}

function belowWord({ tree: { nodes, words }, path }: Search, list: number, at: number): number {
  const start = path.starts[at] ?? 0;
  const length = segmentEnd(path, at) - start;
  const end = list + 1 + 2 * (nodes[list] ?? 0);
  for (let index = list + 1; index < end; index += 2) {
    const word = words.texts[nodes[index] ?? 0] ?? "";
    if (word.length === length && path.text.startsWith(word, start)) return nodes[index + 1] ?? 0;
  }
  return 0;
}

function looksLikeWord({ tree: { nodes, words }, path }: Search, list: number, at: number): boolean {
  const count = nodes[list] ?? 0;
  if (count === 0) return false;
  const segment = decodeOnce(segmentAt(path, at)).toLowerCase();
  for (let index = 0; index < count; index++) {
    if (words.lower[nodes[list + 1 + 2 * index] ?? 0] === segment) return true;
  }
  return false;
}

function walkMany(search: Search, node: number, from: number): Route | undefined {
  const words = node + 1 + (search.tree.nodes[node] ?? 0);
  for (let end = from + 1; end <= search.path.starts.length; end++) {
    // What may follow the many must not be swallowed by them in disguise.
    if (belowWord(search, words, end) === 0 && looksLikeWord(search, words, end)) search.sawLookAlike = true;
    const found = walk(search, node, end);
    if (found !== undefined) return found;
  }
  return undefined;
}

function endOf({ tree, path, method, verb }: Search, list: number): Route | undefined {
  const { nodes, routes } = tree;
  const end = list + 1 + 3 * (nodes[list] ?? 0);
  for (let index = list + 1; index < end; index += 3) {
    if (nodes[index] !== method || nodes[index + 1] !== verb) continue;
    const route = routes[nodes[index + 2] ?? -1];
    return route !== undefined && fitsDocuments(route, path) ? route : undefined;
  }
  return undefined;
}

function fitsDocuments({ documentSegments }: Route, path: Path): boolean {
  if (documentSegments === undefined) return true;
  const documents = path.starts.findIndex((_, index) => isSegment(path, index, "documents"));
  const below = path.starts.length - 1 - documents;
  return documentSegments === (below % 2 === 0 ? "even" : "odd");
}
