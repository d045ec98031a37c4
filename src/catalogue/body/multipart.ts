import { doubt } from "./doubt.ts";

/**
 * The first part of a `multipart/related` body (RFC 2046 section 5.1, RFC 2387) as Google's uploads have it: JSON that says
 * what the bytes after it are. What follows the first part is not looked at and may be missing. Throws `Doubt`.
 *
 * Our own, because what is to be had reads for a server that wants its form data: lenient, one kind of line end, preambles
 * skipped. Here whatever two readers could cut differently must be a doubt: the body begins with the boundary, all of
 * the head ends its lines alike, and the boundary stands nowhere in the part, not even inside a longer word.
 */
export function firstPart(contentType: string | undefined, bytes: Uint8Array): FirstPart {
  // One character for one byte.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const delimiter = `--${boundaryOf(contentType)}`;
  const lineEnd = lineEndAfter(text, delimiter);
  const head = text.slice(0, headBytesMax).indexOf(`${lineEnd}${lineEnd}`, delimiter.length);
  const next = text.indexOf(delimiter, delimiter.length);
  if (head === -1 || next === -1) throw doubt("its first part does not end in what is read");
  const from = head + 2 * lineEnd.length;
  const to = next - lineEnd.length;
  // A last part, `--boundary--`, leaves no bytes to upload; white space behind the boundary is transport padding to some.
  const isPlain =
    from <= to && text.startsWith(lineEnd, to) && text.startsWith(lineEnd, next + delimiter.length);
  if (!isPlain) throw doubt("its first part ends oddly");
  const fields = fieldsOf(text.slice(delimiter.length, head), lineEnd);
  const told = fields.get("content-length");
  if (told !== undefined && told !== String(to - from)) throw doubt("its first part is of another length");
  const type = fields.get("content-type");
  if (type === undefined || from === to) throw doubt("its first part is empty, or does not say what it is");
  return { contentType: type, bytes: bytes.subarray(from, to) };
}

// Clients write three short lines.
const headBytesMax = 1024;

export interface FirstPart {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

// RFC 2046 section 5.1.1, without the space and with quotes only around it. Python's clients write the quotes of Python.
const withBoundary =
  /^\s*multipart\/related\s*;\s*boundary=(?:"([\w()+,./:=?-]{1,70})"|'([\w()+,./:=?-]{1,70})'|([\w+.-]{1,70}))\s*$/i;

/** Of the parameters only the boundary may stand there: `start` would make another part the first. */
function boundaryOf(contentType: string | undefined): string {
  const [, quoted, single, bare] = withBoundary.exec(contentType ?? "") ?? [];
  const boundary = quoted ?? single ?? bare;
  if (boundary === undefined) throw doubt("its content type is not plain multipart/related");
  return boundary;
}

/** `\r\n` as the standard says, or `\n` as Python's clients write; never both. */
function lineEndAfter(text: string, delimiter: string): "\r\n" | "\n" {
  if (text.startsWith(`${delimiter}\r\n`)) return "\r\n";
  if (text.startsWith(`${delimiter}\n`)) return "\n";
  throw doubt("it does not begin with its boundary");
}

const plainValues: ReadonlyMap<string, RegExp> = new Map([
  ["content-type", /^[\x20-\x7e]+$/],
  ["content-length", /^[0-9]+$/],
  ["content-transfer-encoding", /^(?:7bit|8bit|binary)$/i],
  ["mime-version", /^1\.0$/],
]);

/** Each once, in lower case; a header that is not known, folded or spelled oddly may matter to somebody. */
function fieldsOf(head: string, lineEnd: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const [, ...lines] = head.split(lineEnd);
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).replace(/^ +| +$/g, "");
    if (plainValues.get(name)?.test(value) !== true || fields.has(name)) {
      throw doubt("its first part has a header that is not plain");
    }
    fields.set(name, value);
  }
  return fields;
}
