import { limits } from "#lib/limits";

/**
 * The part of a body that stays when a client sends the same call again. JSON loses its volatile members and the
 * order of the others; multipart loses its random boundary; anything else, broken JSON included, counts as it is. So
 * does what would hold up everybody's calls: JSON beyond the limit, and a boundary that stands between any two bytes.
 */
export function matchBody(
  body: Uint8Array,
  contentType: string | undefined,
  volatileFields: readonly string[],
): Uint8Array {
  const boundary = /^multipart\/.*;\s*boundary="?([^";]{6,70})/i.exec(contentType ?? "")?.[1];
  if (boundary !== undefined) {
    return Buffer.from(Buffer.from(body).toString("latin1").replaceAll(boundary, "boundary"), "latin1");
  }
  if (body.length > limits.matchedJsonBytesMax) return body;
  return canonicalJson(body, volatileFields.map(parsePath)) ?? body;
}

/** A number as it was written: 2^53 and its neighbour are two numbers, whatever JavaScript thinks. */
class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function canonicalJson(body: Uint8Array, volatilePaths: readonly Path[]): Uint8Array | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    const value: unknown = JSON.parse(text, (_key, inner: unknown, context?: { source?: string }) =>
      typeof inner === "number" ? new NumberText(context?.source ?? String(inner)) : inner,
    );
    return Buffer.from(write(value, volatilePaths), "utf8");
  } catch {
    // Not JSON, or nested deeper than the stack: then the bytes themselves are the key.
    return undefined;
  }
}

type Path = readonly string[];

/** `a.b["c.d"]` as `a`, `b`, `c.d`. */
function parsePath(text: string): Path {
  return [...text.matchAll(/\["([^"]*)"\]|([^.[\]]+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** `volatile` are the paths from here on; one that is empty leaves this member out. Arrays are transparent. */
function write(value: unknown, volatile: readonly Path[]): string {
  if (value instanceof NumberText) return value.text;
  if (Array.isArray(value)) return `[${value.map((each: unknown) => write(each, volatile)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([name, member]: [string, unknown]) => {
      const below = volatile.filter(([first]) => first === name).map(([, ...rest]) => rest);
      return below.some((path) => path.length === 0)
        ? []
        : [`${JSON.stringify(name)}:${write(member, below)}`];
    });
  return `{${members.join(",")}}`;
}
