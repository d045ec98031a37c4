import type { RawHeader } from "#lib/headers";
import { headerValues } from "#lib/headers";
import type { Secret } from "#lib/secret";

/**
 * Never passed down: what belongs to one hop (RFC 9110 section 7.6.1), cookies, the invitation to leave for HTTP/3,
 * and headers in which Google hands out upload sessions.
 */
const dropped: ReadonlySet<string> = new Set([
  "alt-svc",
  "connection",
  "content-location",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-connection",
  "refresh",
  "set-cookie",
  "set-cookie2",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-audit-record",
  "x-goog-upload-control-url",
  "x-goog-upload-url",
  "x-guploader-uploadid",
]);

/** True of the original bytes only. gcloud deletes what it downloaded when a checksum does not fit. */
const checksums: ReadonlySet<string> = new Set([
  "accept-ranges",
  "content-digest",
  "content-length",
  "content-md5",
  "digest",
  "etag",
  "repr-digest",
  "x-goog-hash",
  "x-goog-stored-content-length",
]);

/** The upstream's headers as the client may see them; a header that carries one of our credentials goes as a whole. */
export function answerHeaders(
  headers: readonly RawHeader[],
  facts: { readonly isAltered: boolean; readonly ownCredentials: readonly Secret[] },
): RawHeader[] {
  const named = new Set(
    headerValues(headers, "connection").flatMap((value) =>
      value.split(",").map((name) => name.trim().toLowerCase()),
    ),
  );
  return headers.filter(([name, value]) => {
    const lower = name.toLowerCase();
    if (dropped.has(lower) || named.has(lower)) return false;
    if (facts.isAltered && checksums.has(lower)) return false;
    return !carries(`${name} ${value}`, facts.ownCredentials);
  });
}

function carries(text: string, credentials: readonly Secret[]): boolean {
  const readings = [text, percentDecoded(text), ...base64Readings(text)];
  return credentials.some((credential) => {
    // With or without its scheme: the token alone is what must not be seen.
    const token = credential.reveal().replace(/^\w+ +/, "");
    return token !== "" && readings.some((reading) => reading.includes(token));
  });
}

function percentDecoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Every run that may be base64, read at each of the four alignments it may have begun with. */
function base64Readings(text: string): string[] {
  const runs = text.match(/[\w+/-]{16,}/g) ?? [];
  return runs.flatMap((run) =>
    [0, 1, 2, 3].map((offset) => Buffer.from(run.slice(offset), "base64").toString("latin1")),
  );
}
