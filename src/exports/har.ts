import type { ExchangeDetail, RecordedMessage } from "#api";
import { printableJson } from "#lib/printable";

/** An exchange as the control plane shows it, and when its last entry was written. */
export type HarExchange = ExchangeDetail & { readonly endedAt?: string | undefined };

/** What stands before, between and after the entries of a HAR 1.2 file, so that none need be held at once. */
export function harFrame(about: { readonly version: string; readonly comment: string }): {
  readonly head: string;
  readonly separator: string;
  readonly tail: string;
} {
  const creator = printableJson({ name: "Gatehouse", version: about.version });
  const comment = printableJson(about.comment);
  return {
    head: `{"log":{"version":"1.2","creator":${creator},"comment":${comment},"entries":[\n`,
    separator: ",\n",
    tail: "\n]}}\n",
  };
}

/**
 * One entry of `log.entries`, HAR 1.2. Bodies are the masked ones of the recording. Members that begin with an underscore
 * are ours, as the format allows: `_auditIndex` is the entry that proves it, `_masked` how many values were masked.
 */
export function harEntry(exchange: HarExchange): Readonly<Record<string, unknown>> {
  const passedMs = Math.max(0, Date.parse(exchange.endedAt ?? exchange.at) - Date.parse(exchange.at));
  return {
    startedDateTime: exchange.at,
    time: passedMs,
    request: requestOf(exchange),
    response: responseOf(exchange),
    cache: {},
    // From intent to outcome; the parts of it were not measured apart.
    timings: { send: 0, wait: passedMs, receive: 0 },
    comment: `${exchange.decision}: ${exchange.outcome}`,
    _auditIndex: exchange.outcomeIndex ?? exchange.intentIndex ?? null,
    _intentIndex: exchange.intentIndex ?? null,
    _masked: exchange.maskedValues,
    _exchange: exchange.id,
    _operation: exchange.operation ?? null,
    _class: exchange.class ?? null,
    _resource: exchange.resource ?? null,
    _decision: exchange.decision,
    _reasons: exchange.reasons,
    _outcome: exchange.outcome,
    _approval: exchange.approvalId ?? null,
  };
}

function requestOf({ method, host, request }: HarExchange) {
  const [, target = "/"] = request?.startLine.split(" ") ?? [];
  const url = `https://${host}${target.startsWith("/") ? target : "/"}`;
  const body = request === undefined || request.body === "" ? undefined : request;
  return {
    method: method === "" ? "UNKNOWN" : method,
    url,
    httpVersion: "HTTP/1.1",
    cookies: [],
    headers: headersOf(request),
    queryString: queryOf(target),
    ...(body === undefined ? {} : { postData: postDataOf(body) }),
    headersSize: -1,
    bodySize: request === undefined ? -1 : bodyBytes(request),
  };
}

/** HAR has no place for binary request bodies; `_encoding` says so as `encoding` does for answers. */
function postDataOf(message: RecordedMessage) {
  return {
    mimeType: headerOf(message, "content-type") ?? "application/octet-stream",
    text: message.body,
    ...(message.encoding === "base64" ? { _encoding: "base64" } : {}),
    ...(message.isTruncated ? { comment: truncated } : {}),
  };
}

function responseOf({ answer, status }: HarExchange) {
  return {
    // A call that was refused or broke off has no answer of an upstream; readers show 0 as "failed".
    status: status ?? 0,
    statusText: "",
    httpVersion: "HTTP/1.1",
    cookies: [],
    headers: headersOf(answer),
    content: {
      size: answer === undefined ? 0 : bodyBytes(answer),
      mimeType: headerOf(answer, "content-type") ?? "x-unknown",
      ...(answer === undefined || answer.body === "" ? {} : { text: answer.body }),
      ...(answer?.encoding === "base64" ? { encoding: "base64" } : {}),
      ...(answer?.isTruncated === true ? { comment: truncated } : {}),
    },
    redirectURL: headerOf(answer, "location") ?? "",
    headersSize: -1,
    bodySize: answer === undefined ? -1 : bodyBytes(answer),
  };
}

const truncated = "only the beginning was recorded";

function headersOf(message: RecordedMessage | undefined) {
  return (message?.headers ?? []).map(([name, value]) => ({ name, value }));
}

function headerOf(message: RecordedMessage | undefined, wanted: string): string | undefined {
  return message?.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

/** Names and values decoded where that is possible, as they were sent where it is not. */
function queryOf(target: string) {
  const [, query] = /\?([^#]*)/.exec(target) ?? [];
  if (query === undefined || query === "") return [];
  return query.split("&").map((pair) => {
    const at = pair.indexOf("=");
    const [name, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
    return { name: decoded(name), value: decoded(value) };
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

function bodyBytes({ body, encoding }: RecordedMessage): number {
  return Buffer.from(body, encoding).byteLength;
}
