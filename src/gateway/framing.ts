import { headerValues, type RawHeader } from "#lib/headers";
import { limits } from "#lib/limits";

/** One request head as the parser understood it. */
export interface Head {
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  readonly headers: readonly RawHeader[];
}

/**
 * Why a request cannot be trusted to end where we think it ends, or `undefined`. Two parsers that disagree about
 * that are how one request is smuggled inside another, so every doubt is a 400 and the end of the connection
 * (RFC 9112 sections 6.1, 6.3 and 11.2). The parser has already refused folded headers, bare
 * line feeds and control bytes; what it lets through is judged here.
 */
export function framingFault(head: Head): string | undefined {
  return (
    versionFault(head) ??
    targetFault(head.target) ??
    headerFault(head.headers) ??
    lengthFault(head) ??
    bodyFault(head) ??
    connectionFault(head.headers)
  );
}

function versionFault({ httpVersion }: Head): string | undefined {
  return httpVersion === "1.1" || httpVersion === "1.0" ? undefined : "unsupported HTTP version";
}

function targetFault(target: string): string | undefined {
  if (target.length > limits.targetBytesMax) return "request target too long";
  if (target.includes("#")) return "fragment in the request target";
  return /^[\x21-\x7e]+$/.test(target) ? undefined : "byte in the request target that must be encoded";
}

function headerFault(headers: readonly RawHeader[]): string | undefined {
  if (headers.length > limits.headerCountMax) return "too many headers";
  for (const [name, value] of headers) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return "malformed header name";
    if (looksLikeFraming(name)) return "header name that another parser may take for a framing header";
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what is looked for
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) return "control byte in a header value";
  }
  return undefined;
}

/** `Transfer_Encoding` and `Transfer---Encoding` are framing headers to some servers behind us. */
function looksLikeFraming(name: string): boolean {
  const exact = name.toLowerCase();
  const folded = exact.replace(/[^a-z0-9]+/g, "-");
  return exact !== folded && (folded === "transfer-encoding" || folded === "content-length");
}

function lengthFault({ headers, httpVersion }: Head): string | undefined {
  const encodings = headerValues(headers, "transfer-encoding");
  const lengths = headerValues(headers, "content-length");
  if (encodings.length > 1 || lengths.length > 1) return "repeated framing header";
  const [encoding] = encodings;
  const [length] = lengths;
  if (encoding !== undefined) {
    if (httpVersion !== "1.1") return "Transfer-Encoding in HTTP/1.0";
    if (length !== undefined) return "Transfer-Encoding beside Content-Length";
    return encoding.toLowerCase() === "chunked" ? undefined : "Transfer-Encoding other than chunked";
  }
  // 15 digits stay exact in a double; nobody uploads a petabyte.
  return length === undefined || /^\d{1,15}$/.test(length) ? undefined : "malformed Content-Length";
}

function bodyFault({ method, headers }: Head): string | undefined {
  if (method !== "GET" && method !== "HEAD") return undefined;
  const hasBody =
    headerValues(headers, "transfer-encoding").length > 0 ||
    headerValues(headers, "content-length").some((length) => Number(length) > 0);
  return hasBody ? `body on ${method}` : undefined;
}

function connectionFault(headers: readonly RawHeader[]): string | undefined {
  if (headerValues(headers, "upgrade").length > 0) return "Upgrade is not offered";
  if (headerValues(headers, "host").length !== 1) return "exactly one Host header is needed";
  // Judged by one of them, read by the other.
  if (headerValues(headers, "content-type").length > 1) return "repeated Content-Type";
  const expectations = headerValues(headers, "expect");
  const isKnown = expectations.every((value) => value.toLowerCase() === "100-continue");
  return isKnown && expectations.length <= 1 ? undefined : "unknown expectation";
}
