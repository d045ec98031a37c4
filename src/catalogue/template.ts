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
  const resource =
    first === undefined
      ? undefined
      : {
          before: firstOfName(segments, first, isFirstSingle),
          after: segments.length - last,
          endsInLiteral: !(segments[last - 1] ?? "*").startsWith("*"),
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
