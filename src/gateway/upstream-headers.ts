import type { Connection, UpstreamCredential } from "#connections";
import { headerValues, type RawHeader } from "#lib/headers";
import type { RecordedRequest } from "./exchange.ts";

/**
 * What a client may say to Google. Everything else stays here: its own credentials, cookies, whatever `Connection`
 * names, tracing, and the headers by which one call becomes another (`x-goog-copy-source`, `x-goog-acl`,
 * `x-http-method-override`, `x-goog-user-project`).
 */
const allowed: ReadonlySet<string> = new Set([
  "accept",
  "accept-language",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-md5",
  "content-range",
  "content-type",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "range",
  "user-agent",
  "x-goog-api-client",
  "x-goog-content-length-range",
  "x-goog-custom-time",
  "x-goog-encryption-algorithm",
  "x-goog-encryption-key",
  "x-goog-encryption-key-sha256",
  "x-goog-fieldmask",
  "x-goog-gcs-idempotency-token",
  "x-goog-hash",
  "x-goog-if-generation-match",
  "x-goog-if-generation-not-match",
  "x-goog-if-metageneration-match",
  "x-goog-if-metageneration-not-match",
  "x-goog-request-params",
  "x-goog-storage-class",
  "x-upload-content-length",
  "x-upload-content-type",
]);

/** Keys that customers supply to Cloud Storage travel in headers; they go up, and never on record. */
const secretHeaders: ReadonlySet<string> = new Set(["x-goog-encryption-key"]);

export function allowedHeaders(headers: readonly RawHeader[]): RawHeader[] {
  const named = new Set(
    headerValues(headers, "connection").flatMap((value) =>
      value.split(",").map((name) => name.trim().toLowerCase()),
    ),
  );
  return headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return (allowed.has(lower) || lower.startsWith("x-goog-meta-")) && !named.has(lower);
  });
}

/** The client's headers as they may be written down. */
export function recordableHeaders(headers: readonly RawHeader[]): RawHeader[] {
  return allowedHeaders(headers).map(([name, value]) => [
    name,
    secretHeaders.has(name.toLowerCase()) ? "[secret]" : value,
  ]);
}

export function upstreamHeaders(
  request: RecordedRequest,
  connection: Connection,
  credential: UpstreamCredential,
): RawHeader[] {
  const { outgoing } = request;
  const headers: RawHeader[] = [
    ["host", request.call.host],
    ...allowedHeaders(request.headers),
    // Compressed answers would have to be unpacked to be masked.
    ["accept-encoding", "identity"],
    // Google writes it into its own audit logs, which then point at ours.
    ["x-goog-request-reason", `gatehouse:${request.exchangeId}`],
  ];
  // A signed URL is complete; a bearer token beside it would be a second, stronger identity.
  if (request.capability?.kind !== "signed_url" && credential.authorization !== undefined) {
    headers.push(["authorization", credential.authorization.reveal()]);
  }
  if (connection.quotaProject !== undefined) headers.push(["x-goog-user-project", connection.quotaProject]);
  if (outgoing.kind === "stream" && outgoing.bytes !== undefined) {
    headers.push(["content-length", String(outgoing.bytes)]);
  }
  return headers;
}
