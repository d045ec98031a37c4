import { compareClasses, type Operation } from "../operation.ts";
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
  /** Worse methods that the same path may fit, where no rule says which is meant. */
  readonly rivals: readonly PlacedRoute[];
  /**
   * Firestore alone tells methods apart by counting: below `documents` an even number of segments is a document, an
   * odd number a collection.
   */
  readonly documentSegments: "even" | "odd" | undefined;
}

/**
 * All routes of one host. Built once, never changed after.
 *
 * The tree is written into one array of integers, so that a search touches a few lines of memory that lie side by side:
 * it is on the way of every request. A node is
 *
 *   count of steps, the steps: what comes before anything branches, words, and 0 for one segment of any kind
 *   count of words, for each: the word that may come next, the node below it
 *   node below one segment of any kind, or 0
 *   node below any number of segments, or 0
 *   count of ends, for each: method, custom verb (0 for none), index of the route
 *
 * Words, methods and verbs are numbers of the word list; the root stands at 0, so that 0 is no child.
 */
export interface RouteTree {
  /** Host of the service. */
  readonly service: string;
  readonly nodes: Int32Array;
  readonly words: WordList;
  readonly routes: readonly Route[];
  /** Custom verbs and their numbers in the word list. */
  readonly verbs: ReadonlyMap<string, number>;
  /** First path segments under which there are custom verbs. */
  readonly verbPrefixes: ReadonlySet<string>;
}

/** Tens of thousands of paths are made of a few thousand words. Word 0 stands for any segment. */
export interface WordList {
  readonly texts: string[];
  /** The same in lower case, to notice what only looks like one of them. */
  readonly lower: string[];
  readonly numbers: Map<string, number>;
}

export function emptyWordList(): WordList {
  return { texts: ["*"], lower: ["*"], numbers: new Map() };
}

function numberOf({ texts, lower, numbers }: WordList, word: string): number {
  const known = numbers.get(word);
  if (known !== undefined) return known;
  const number = texts.push(word) - 1;
  lower.push(word.toLowerCase());
  numbers.set(word, number);
  return number;
}

/** A node while the tree grows. */
interface Sprout {
  readonly literals: Map<string, Sprout>;
  one: Sprout | undefined;
  many: Sprout | undefined;
  readonly ends: Map<string, End>;
}

interface End {
  readonly method: string;
  readonly verb: string;
  readonly route: Route;
}

export interface PlacedRoute {
  readonly method: string;
  readonly template: PathTemplate;
  readonly route: Route;
}

export function growRouteTree(service: string, routes: Iterable<PlacedRoute>, words: WordList): RouteTree {
  const root = sprout();
  const verbs = new Map<string, number>();
  const verbPrefixes = new Set<string>();
  for (const { method, template, route } of routes) {
    const { segments, verb } = template;
    if (verb !== "") {
      verbs.set(verb, numberOf(words, verb));
      verbPrefixes.add(segments[0] ?? "");
    }
    const node = segments.reduce(childFor, root);
    const key = `${method} ${verb}`;
    const known = node.ends.get(key)?.route;
    // Two methods behind one path: whoever is judged by the milder one could be doing the worse.
    if (known === undefined || compareClasses(known.operation.class, route.operation.class) < 0) {
      node.ends.set(key, { method, verb, route });
    }
  }
  const written: Written = { nodes: [], routes: [], words };
  writeNode(root, written);
  return { ...written, service, nodes: Int32Array.from(written.nodes), verbs, verbPrefixes };
}

function sprout(): Sprout {
  return { literals: new Map(), one: undefined, many: undefined, ends: new Map() };
}

function childFor(node: Sprout, segment: string): Sprout {
  if (segment === "*") {
    node.one ??= sprout();
    return node.one;
  }
  if (segment === "**") {
    node.many ??= sprout();
    return node.many;
  }
  const child = node.literals.get(segment) ?? sprout();
  node.literals.set(segment, child);
  return child;
}

interface Written {
  readonly nodes: number[];
  readonly routes: Route[];
  readonly words: WordList;
}

/** Writes a node and everything below it; returns where it begins. */
function writeNode(start: Sprout, written: Written): number {
  const { nodes, routes, words } = written;
  const at = nodes.length;
  const { steps, node } = fold(start);
  nodes.push(steps.length, ...steps.map((step) => (step === "*" ? 0 : numberOf(words, step))));
  nodes.push(node.literals.size);
  const slots = [...node.literals].map(([word, child]) => ({
    slot: nodes.push(numberOf(words, word), 0) - 1,
    child,
  }));
  for (const child of [node.one, node.many]) {
    const slot = nodes.push(0) - 1;
    if (child !== undefined) slots.push({ slot, child });
  }
  nodes.push(node.ends.size);
  for (const { method, verb, route } of node.ends.values()) {
    const verbNumber = verb === "" ? 0 : numberOf(words, verb);
    nodes.push(numberOf(words, method), verbNumber, routes.push(route) - 1);
  }
  for (const { slot, child } of slots) nodes[slot] = writeNode(child, written);
  return at;
}

/** Most paths begin like thousands of others: nodes with one way on become steps of the one behind them. */
function fold(start: Sprout): { readonly steps: readonly string[]; readonly node: Sprout } {
  const steps: string[] = [];
  let node = start;
  for (let next = onlyWayOn(node); next !== undefined; next = onlyWayOn(node)) {
    steps.push(next[0]);
    node = next[1];
  }
  return { steps, node };
}

function onlyWayOn({ literals, one, many, ends }: Sprout): readonly [string, Sprout] | undefined {
  if (ends.size > 0 || many !== undefined) return undefined;
  if (literals.size === 0) return one && ["*", one];
  const [only] = literals;
  return literals.size === 1 && one === undefined ? only : undefined;
}
