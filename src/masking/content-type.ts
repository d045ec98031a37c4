/** How a body can be masked. */
export type BodyKind =
  | "json"
  /** One JSON document a line. */
  | "json_sequence"
  /** Neither we nor the caller know. */
  | "unnamed"
  /** Anything else: only our own credentials are looked for. */
  | "opaque";

const sequences = new Set([
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/json-lines",
]);

/** Reads a Content-Type value (RFC 9110 section 8.3); parameters do not matter, since JSON is always UTF-8. */
export function bodyKind(contentType: string | undefined): BodyKind {
  const media = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (media === "") return "unnamed";
  if (sequences.has(media)) return "json_sequence";
  const isJson =
    media === "application/json" || media === "text/json" || /^[\w.+-]+\/[\w.+-]+\+json$/.test(media);
  return isJson ? "json" : "opaque";
}

export function isEncoded(contentEncoding: string | undefined): boolean {
  return !["", "identity"].includes(contentEncoding?.trim().toLowerCase() ?? "");
}
