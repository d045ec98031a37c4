import type { DocumentParameters } from "./document.ts";

/**
 * Puts the shapes of the path variables into a path and gives google.api.http syntax: `v1/{+name}` where `name` is
 * `^projects/[^/]+$` becomes `/v1/{name=projects/*}`. Throws when a variable or its pattern cannot be read.
 */
export function exactTemplate(path: string, parameters: DocumentParameters): string {
  const declared = new Set(Object.keys(parameters).filter((name) => parameters[name]?.location === "path"));
  const text = path.replace(/\{(\+?)(\w+)\}/g, (_, plus: string, name: string) => {
    if (!declared.delete(name)) throw new Error(`{${name}} in ${path} is no path parameter`);
    // RFC 6570: `{x}` is percent-encoded, slashes too, and so is one segment whatever its pattern; `{+x}` is not.
    const shape = plus === "" ? "*" : shapeOfPattern(parameters[name]?.pattern ?? ".*");
    return shape === "*" ? `{${name}}` : `{${name}=${shape}}`;
  });
  if (declared.size > 0) throw new Error(`${path} does not hold {${[...declared].join("}, {")}}`);
  const segment = String.raw`(?!\.+(?:/|$))(?:[\w.$@-]+|\{\w+(?:=[^{}]+)?\})`;
  if (!new RegExp(`^${segment}(?:[/:]${segment})*$`).test(text))
    throw new Error(`cannot read the path ${path}`);
  return `/${text}`;
}

// `^projects/[^/]+/metrics/.*$` becomes `projects`, `*`, `metrics`, `**`, joined by slashes.
export function shapeOfPattern(pattern: string): string {
  const segments = splitAtSlashes(pattern.replace(/^\^/, "").replace(/\$$/, ""));
  if (segments === undefined) throw unreadable(pattern);
  if (segments.length > 1 && segments.some((segment) => outsideGroups(segment).includes("|")))
    throw unreadable(pattern);
  return segments.map((segment) => shapeOfSegment(segment, pattern)).join("/");
}

function unreadable(pattern: string): Error {
  return new Error(`cannot read the pattern ${pattern}`);
}

// A slash within a character class or a group does not end a segment. Undefined when the groups do not close.
function splitAtSlashes(pattern: string): string[] | undefined {
  const segments: string[] = [""];
  let depth = 0;
  for (const [token] of pattern.matchAll(/\[\^?[^\]]*\]|\\.|./g)) {
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    if (depth < 0) return undefined;
    if (token === "/" && depth === 0) segments.push("");
    else segments.push((segments.pop() ?? "") + token);
  }
  return depth === 0 ? segments : undefined;
}

function outsideGroups(segment: string): string {
  let text = segment.replace(/\[[^\]]*\]/g, "");
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replace(/\([^()]*\)/g, "");
  }
  return text;
}

function shapeOfSegment(segment: string, pattern: string): string {
  if (segment === "[^/]+") return "*";
  if (segment === ".*" || segment === ".+") return "**";
  if (/^[A-Za-z_][\w-]*$/.test(segment) || segment === "-") return segment;
  // Classes, groups, repetition and plain characters; no dot, no escape, no negation. What they match is one segment,
  // or any number of them when a class takes slashes, as compute's `[-a-zA-Z0-9/]` does.
  if (!/^(?:\[[^\]\\^][^\]\\]*\]|\(\?:|[()|?*+]|\{\d+(?:,\d*)?\}|[\w:-])+$/.test(segment))
    throw unreadable(pattern);
  return /\[[^\]]*\/[^\]]*\]/.test(segment) ? "**" : "*";
}
