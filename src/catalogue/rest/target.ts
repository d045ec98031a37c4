import { limits } from "#lib/limits";
import { type Path, pathOf } from "./path.ts";

/** The request target, cut at the question mark; still undecoded. */
export interface Target {
  readonly path: Path;
  readonly query: string;
}

/** Characters a path may be made of (RFC 3986 section 3.3), without `;`, which some servers cut parameters at. */
const pathCharacters = /^\/[A-Za-z0-9\-._~%!$&'()*+,=:@/]*$/;

/**
 * Accepts a target in origin form that every parser reads alike; a string says why not.
 * The platform's `URL` is no help here: it folds `%2e%2e`, `\` and tabs away before anybody can look.
 */
export function parseTarget(raw: string): Target | string {
  if (raw.length > limits.targetBytesMax) return `it is longer than ${limits.targetBytesMax} bytes`;
  const mark = raw.indexOf("?");
  const text = mark < 0 ? raw : raw.slice(0, mark);
  const query = mark < 0 ? "" : raw.slice(mark + 1);
  if (!pathCharacters.test(text)) return "its path holds a character that has no place there";
  if (query !== "" && !isQuery(query)) return "its query holds a character that has no place there";
  const path = pathOf(text);
  const objection = path.hasEscapes ? objectionToEscapes(text) : undefined;
  return objection ?? { path, query };
}

function isQuery(query: string): boolean {
  return /^[\x21\x22\x24-\x5b\x5d-\x7e]*$/.test(query);
}

function objectionToEscapes(path: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return "a percent escape in it is broken";
  // What stands for plain, visible ASCII hides nothing, and need not be decoded to know it.
  if (!/%(?:[018-9a-f]|7f|5c)/i.test(path)) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return "its escapes are not UTF-8";
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return /[\x00-\x1f\x7f-\x9f\\]/.test(decoded) ? "it hides a control character or a backslash" : undefined;
}

/** `.` and `..` in any spelling, also between encoded slashes. */
const dotSegment = /(?:\/|%2f)(?:\.|%2e){1,2}(?:\/|%2f|$)/i;

/** Why the path of a JSON API cannot be trusted to mean one thing. `%2F` is no separator. */
export function objectionToPath(path: Path): string | undefined {
  const { starts, isPlain, hasEscapes } = path;
  if (starts.length > limits.pathSegmentsMax) return `it has more than ${limits.pathSegmentsMax} segments`;
  // In disguise it takes an escaped dot or colon, or an escaped slash beside a plain one.
  if (isPlain && !(hasEscapes && /%(?:2e|2f|3a)/i.test(path.text))) return undefined;
  if (path.text.includes("//") || path.text.endsWith("/"))
    return "it has an empty segment or ends in a slash";
  if (/\/(?::|%3a)/i.test(path.text)) return "it has a segment that begins with a colon";
  return dotSegment.test(path.text) ? "it has a dot segment" : undefined;
}

/** `.` and `..` in any spelling, also between encoded slashes. */
export function isDotSegment(segment: string): boolean {
  if (!segment.startsWith(".") && !segment.includes("%")) return false;
  return segment
    .replace(/%2e/gi, ".")
    .split(/%2f/i)
    .some((part) => part === "." || part === "..");
}

/** Escapes that only an id which may hold a path can need: `/`, `%` and `;`. */
export function needsPathLikeId(segment: string): boolean {
  return segment.includes("%") && /%(?:2f|25|3b)/i.test(segment);
}

/** Undoes escapes once; text whose escapes make no sense stays as it is. */
export function decodeOnce(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
