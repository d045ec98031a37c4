// Discovery's patterns are not in the package, but its documentation examples were made from them: the pattern
// `^projects/[^/]+/secrets/[^/]+$` became 'projects/my-project/secrets/my-secret'. Read backwards they give it again.

export interface Template {
  /** google.api.http syntax. */
  readonly text: string;
  readonly isApproximate: boolean;
}

/** Puts the shapes of the path variables into a path. Throws when an example cannot be read. */
export function templateOf(path: string, example: ReadonlyMap<string, string>): Template {
  let isApproximate = false;
  const text = path.replace(/\{\+(\w+)\}/g, (_, variable: string, at: number) => {
    const value = example.get(variable);
    const shape = value === undefined || value === "placeholder-value" ? undefined : shapeOf(value);
    if (shape !== undefined) return shape === "*" ? `{${variable}}` : `{${variable}=${shape}}`;
    // Right after the name of a collection stands one id (`projects/{+projectId}`); anything else is a guess.
    if (/[a-z][A-Za-z]*[a-z]\/$/.test(path.slice(0, at)) && !/^\/v\d\w*\/$/.test(path.slice(0, at)))
      return `{${variable}}`;
    isApproximate = true;
    return `{${variable}=**}`;
  });
  return { text, isApproximate };
}

// `projects/my-project/things/.*` becomes `projects/*`, `things`, `**`, joined by slashes.
export function shapeOf(example: string): string {
  // One regular expression whose character class takes slashes: any number of segments.
  if (/^\[[^\]]+\]\(\?:\[[^\]]*\/[^\]]*\]/.test(example)) return "**";
  const segments = example.replaceAll("[^/]+", "*").split("/");
  return segments.map((segment, index) => segmentOf(segment, segments[index - 1], example)).join("/");
}

function segmentOf(segment: string, before: string | undefined, example: string): string {
  if (segment === "*") return "*";
  if (segment === ".*" || segment === ".+") return "**";
  if (before !== undefined && segment === `my-${before.replace(/s$/, "")}`) return "*";
  if (/^[A-Za-z][\w.-]*$/.test(segment) && !segment.startsWith("my-")) return segment;
  // compute writes whole regular expressions: each stands for one segment.
  if (/^\(?\[.*[)\]?}]$/.test(segment)) return "*";
  throw new Error(`cannot read "${segment}" in the example ${example}`);
}
