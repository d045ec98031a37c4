import type { Connection, UpstreamCredential } from "#connections";
import { headerValues, type RawHeader } from "#lib/headers";
import type { RecordedRequest } from "./exchange.ts";

/**
 * What a client may say to Google. Everything else stays here: its own credentials, cookies, whatever `Connection`
 * names, tracing, `x-goog-acl` and `x-goog-user-project`. `Accept` as well: some APIs answer in protobuf to whoever asks
 * for it, where no name or pattern would be found.
 */
const allowed: ReadonlySet<string> = new Set([
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
  "x-goog-resumable",
  "x-goog-storage-class",
  "x-upload-content-length",
  "x-upload-content-type",
]);

/**
 * Headers that make a call another one, and that do not go up. Dropped in silence they would leave a third call, which
 * nobody judged: without its source a copy is an upload of nothing over the object it names.
 */
const decisive: readonly string[] = [
  "x-amz-copy-source",
  "x-goog-copy-source",
  "x-goog-project-id",
  "x-goog-upload-protocol",
];

/**
 * The header, if there is one, that would be judged and yet not go up: one of those, or one that `Connection` takes away
 * (RFC 9110 section 7.6.1 lets no sender name there what is meant for the upstream).
 */
export function decisiveHeader(headers: readonly RawHeader[]): string | undefined {
  const lost = [...decisive, ...namedByConnection(headers).filter((name) => allowed.has(name))];
  return lost.find((name) => headerValues(headers, name).length > 0);
}

/** Keys that customers supply to Cloud Storage travel in headers; they go up, and never on record. */
const secretHeaders: ReadonlySet<string> = new Set(["x-goog-encryption-key"]);

export function allowedHeaders(headers: readonly RawHeader[]): RawHeader[] {
  const named = new Set(namedByConnection(headers));
  return headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return (allowed.has(lower) || lower.startsWith("x-goog-meta-")) && !named.has(lower);
  });
}

function namedByConnection(headers: readonly RawHeader[]): string[] {
  return headerValues(headers, "connection").flatMap((value) =>
    value.split(",").map((name) => name.trim().toLowerCase()),
  );
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
