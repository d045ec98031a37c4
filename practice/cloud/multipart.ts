import { GoogleError } from "./google-error.ts";

export interface Part {
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Buffer;
}

/** Splits multipart/related and multipart/mixed (RFC 2387; framing as RFC 2046 section 5.1.1). Throws INVALID_ARGUMENT. */
export function partsOf(contentType: string | undefined, body: Buffer): readonly Part[] {
  const found = /;\s*boundary=(?:"([^"]{1,200})"|'([^']{1,200})'|([^\s;]{1,200}))/i.exec(contentType ?? "");
  const boundary = found?.[1] ?? found?.[2] ?? found?.[3];
  if (boundary === undefined) throw malformed("names no boundary");
  const parts: Part[] = [];
  const delimiter = `--${boundary}`;
  let at = body.indexOf(delimiter);
  while (at >= 0) {
    const start = at + delimiter.length;
    if (body.subarray(start, start + 2).toString("latin1") === "--") return parts;
    const next = body.indexOf(`\n${delimiter}`, start);
    if (next < 0) break;
    parts.push(partOf(body.subarray(start, next)));
    at = next + 1;
  }
  throw malformed("does not end");
}

/** Lines end in CRLF, but clients that write bare LF exist. */
function partOf(bytes: Buffer): Part {
  const text = bytes.toString("latin1");
  const head = /^[ \t]*\r?\n((?:[^\r\n]+\r?\n)*)\r?\n/.exec(text);
  if (head === null) throw malformed("has a part without a header block");
  const end = text.endsWith("\r") ? bytes.length - 1 : bytes.length;
  return { headers: headersOf(head[1] ?? ""), bytes: bytes.subarray(head[0].length, end) };
}

/** Header lines by lower-case name. */
export function headersOf(lines: string): ReadonlyMap<string, string> {
  const found = lines.matchAll(/^([!#-'*+.^-z|~A-Z0-9-]+):[ \t]*([^\r\n]*)/gm);
  return new Map([...found].map(([, name = "", value = ""]) => [name.toLowerCase(), value.trim()]));
}

function malformed(what: string): GoogleError {
  return new GoogleError("INVALID_ARGUMENT", `The multipart body ${what}.`);
}
