/** A path in the syntax of google.api.http (google/api/http.proto), taken apart. */
export interface PathTemplate {
  /** Literals, `*` for one segment and `**` for one or more. */
  readonly segments: readonly string[];
  /** Custom verb after the last colon (AIP-136); "" when there is none. */
  readonly verb: string;
  /** Where the resource name stands; `undefined` when the path names no resource. */
  readonly resource: ResourceSpan | undefined;
}

export interface ResourceSpan {
  /** Segments before the name begins, and after it ends. */
  readonly before: number;
  readonly after: number;
  /** Whether the name ends in a fixed word rather than an id, e.g. `projects/p/settings`. */
  readonly endsInLiteral: boolean;
  /** Whether the template alone decides where in a path the following stand. */
  readonly isFixed: boolean;
  /** Positions among the segments of a path; -1 for what the name never has. */
  readonly project: number;
  readonly location: number;
  /** The location of everything the template names, e.g. compute's `projects/p/global/…`. */
  readonly fixedLocation: string | undefined;
  /** Segment after the last of the parent's name. */
  readonly parentEnd: number;
  readonly type: string;
}

/** Throws on what the generator never writes. */
export function parseTemplate(text: string): PathTemplate {
  const [, path, verb = ""] = /^\/(.*?)(?::(\w+))?$/.exec(text) ?? [];
  if (path === undefined) throw new Error(`not a path template: ${text}`);
  const segments: string[] = [];
  let first: number | undefined;
  let isFirstSingle = false;
  let last = 0;
  for (const part of splitOutsideBraces(path)) {
    const [, shape = "*"] = /^\{\w+(?:=(.+))?\}$/.exec(part) ?? [];
    const isVariable = part.startsWith("{");
    const inner = isVariable ? shape.split("/") : [part];
    if (isVariable && first === undefined) {
      first = segments.length;
      isFirstSingle = inner.length === 1;
    }
    segments.push(...inner);
    if (isVariable) last = segments.length;
  }
  if (first === undefined) return { segments, verb, resource: undefined };
  const before = firstOfName(segments, first, isFirstSingle);
  const endsInLiteral = !(segments[last - 1] ?? "*").startsWith("*");
  const resource: ResourceSpan = {
    before,
    after: segments.length - last,
    endsInLiteral,
    ...placesIn(segments, { before, end: last, endsInLiteral }),
  };
  return { segments, verb, resource };
}

function splitOutsideBraces(path: string): string[] {
  return path.match(/(?:\{[^}]*\}|[^/{])+/g) ?? [];
}

/** A name begins with the collection before its first id (`projects/{project}`), unless that is a version. */
function firstOfName(segments: readonly string[], first: number, isSingle: boolean): number {
  const before = segments[first - 1];
  return isSingle && before !== undefined && !/^v\d/.test(before) ? first - 1 : first;
}

const locations: ReadonlySet<string> = new Set(["locations", "zones", "regions"]);

/**
 * Where the parts of a resource name stand, when the template alone decides it: it names its collections, takes no
 * `**`, and is none of those whose project is hidden in an id.
 */
function placesIn(
  segments: readonly string[],
  { before, end, endsInLiteral }: { before: number; end: number; endsInLiteral: boolean },
): Pick<ResourceSpan, "isFixed" | "project" | "location" | "fixedLocation" | "parentEnd" | "type"> {
  const name = segments.slice(before, end);
  const [first = "*", second] = name;
  const parentLength = Math.max(0, name.length - (endsInLiteral ? 1 : 2));
  const type = name[name.length - (endsInLiteral ? 1 : 2)] ?? "";
  const isHidden = ["policies", "*"].includes(first) || name.includes("serviceAccounts");
  const hasProject = ["projects", "namespaces"].includes(first) && second !== undefined;
  const place = name.findIndex((segment) => locations.has(segment) || segment === "global");
  const isGlobal = name[place] === "global";
  return {
    isFixed: !isHidden && type !== "*" && !segments.slice(0, end).includes("**"),
    project: hasProject ? before + 1 : -1,
    fixedLocation: isGlobal && place % 2 === 0 ? "global" : undefined,
    location: place >= 0 && !isGlobal && place + 1 < name.length ? before + place + 1 : -1,
    parentEnd: before + parentLength,
    type,
  };
}
