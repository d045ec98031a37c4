import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline } from "node:stream";
import { pairHeaders, type RawHeader, withoutHeaders } from "#lib/headers";
import { addressOfUrl, type ProxyHop, proxyHop } from "./proxy-hop.ts";
import { formatTarget, type OriginalProxies, parseTarget, routeFor } from "./route.ts";

/** Headers that speak to us or about this hop (RFC 9110 section 7.6.1); the nonce is among them. */
const hopHeaders = [
  "connection",
  "proxy-connection",
  "keep-alive",
  "proxy-authorization",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
];

/** Passes a plain `http://` request on to where it would have gone without us. Google's hosts are refused. */
export function passOn(request: IncomingMessage, response: ServerResponse, original: OriginalProxies): void {
  const way = wayFor(request.url ?? "", original);
  if ("refusal" in way) answer(response, way.status, way.refusal);
  else send(request, response, way);
}

/** Who is spoken to, the origin itself or a proxy, and with which request target. */
interface Way {
  readonly hop: ProxyHop;
  readonly host: string;
  readonly path: string;
}

function wayFor(target: string, original: OriginalProxies): Way | { status: number; refusal: string } {
  const url = /^http:\/\//i.test(target) && URL.canParse(target) ? new URL(target) : undefined;
  if (url === undefined) {
    return { status: 400, refusal: "This is a proxy: it takes CONNECT host:port and http:// URLs." };
  }
  const named = parseTarget(formatTarget(addressOfUrl(url)));
  if (named === undefined) return { status: 400, refusal: "This is not the URL of a host." };
  const route = routeFor("http", named, original);
  switch (route.kind) {
    case "refused":
      return { status: 403, refusal: route.reason };
    case "gateway":
      return { status: 403, refusal: "Google's APIs are reached over https only." };
    case "direct": {
      const origin = { url: new URL(`http://${url.host}`), authorization: undefined };
      return { hop: origin, host: url.host, path: originForm(target) };
    }
    case "proxy":
      return { hop: proxyHop(route.url), host: url.host, path: target };
  }
}

/** The target as it came, less scheme and authority: rebuilding it from the URL would normalise it. */
function originForm(target: string): string {
  const rest = target.replace(/^http:\/\/[^/?#]*/i, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function send(request: IncomingMessage, response: ServerResponse, { hop, host, path }: Way): void {
  const open = hop.url.protocol === "https:" ? httpsRequest : httpRequest;
  const outgoing = open({
    ...addressOfUrl(hop.url),
    method: request.method,
    path,
    headers: headersFor(request, host, hop.authorization),
    setHost: false,
    agent: false,
  });
  outgoing.on("error", (error) => answer(response, 502, `Cannot reach ${hop.url.host}: ${error.message}.`));
  outgoing.on("response", (incoming) => {
    // The parser takes any three digits, and passing these on would throw (RFC 9110 section 15: 100 to 599).
    if ((incoming.statusCode ?? 0) < 100) {
      outgoing.destroy();
      answer(response, 502, `${hop.url.host} answered with a status that does not exist.`);
      return;
    }
    const headers = endToEnd(incoming.rawHeaders, incoming.headers.connection);
    response.writeHead(incoming.statusCode ?? 502, headers.flat());
    pipeline(incoming, response, () => {});
  });
  // A failing body ends the outgoing request, and its error is answered above.
  pipeline(request, outgoing, () => {});
  response.on("close", () => outgoing.destroy());
}

function headersFor(request: IncomingMessage, host: string, authorization: string | undefined): string[] {
  const kept = withoutHeaders(endToEnd(request.rawHeaders, request.headers.connection), new Set(["host"]));
  // RFC 9112 section 3.2.2: the target's authority replaces whatever Host said.
  const headers: RawHeader[] = [["Host", host], ...kept];
  if (request.headers["transfer-encoding"] !== undefined) headers.push(["Transfer-Encoding", "chunked"]);
  if (authorization !== undefined) headers.push(["Proxy-Authorization", authorization]);
  return headers.flat();
}

function endToEnd(rawHeaders: readonly string[], connection: string | undefined): RawHeader[] {
  const named = (connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  return withoutHeaders(pairHeaders(rawHeaders), new Set([...hopHeaders, ...named]));
}

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close" });
  response.end(`${text}\n`);
}
