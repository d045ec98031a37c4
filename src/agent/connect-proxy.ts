import { createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";
import { type Gate, openThroughGateway } from "./gate.ts";
import { carriesNonce } from "./nonce.ts";
import { passOn } from "./plain-request.ts";
import { proxyHop } from "./proxy-hop.ts";
import { type OriginalProxies, parseTarget, type Route, routeFor, type Target } from "./route.ts";
import { join, openDirect, openThroughProxy, type TunnelOutcome } from "./tunnel.ts";

export interface ProxyParts {
  readonly gate: Gate;
  readonly nonce: Secret;
  /** Where traffic that is not Google's went before. */
  readonly original: OriginalProxies;
  /** Told of each tunnel that the gateway has opened. */
  readonly onGatewayTunnel?: () => void;
}

/** The proxy a run's tools talk to. It listens nowhere yet: the helper opens and closes it. */
export function createConnectProxy(parts: ProxyParts): Server {
  const server = createServer({
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    // Held requests and large uploads take as long as they take; the tunnel ends with the run.
    requestTimeout: 0,
  });
  const gatewayTunnels = new Set<Duplex>();
  // The run may go on, but nothing of this session does: the gateway would cut its tunnels too.
  parts.gate.tokens.onEnded(() => {
    for (const tunnel of gatewayTunnels) tunnel.destroy();
  });
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on("error", () => client.destroy());
    openFor(request, client, parts).then(
      (opened) => {
        if ("route" in opened && opened.route === "gateway" && opened.outcome.kind === "open") {
          parts.onGatewayTunnel?.();
        }
        settle(opened, client, head, gatewayTunnels);
      },
      (error: unknown) => refuse(client, refusalOf(error)),
    );
  });
  server.on("request", (request, response) => {
    if (!isAllowed(request, parts.nonce)) {
      const { status, contentType, body } = nonceMissing;
      response
        .writeHead(status, { "content-type": contentType, ...challenge, connection: "close" })
        .end(body);
      return;
    }
    passOn(request, response, parts.original);
  });
  return server;
}

interface Refusal {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
}

const challenge = { "proxy-authenticate": 'Basic realm="gatehouse run"' };

const nonceMissing = sentence(
  407,
  "This proxy serves one gatehouse run only. Start your command with `gatehouse run -- COMMAND`, and leave HTTPS_PROXY as it sets it.",
);

type Opened =
  | { readonly route: Route["kind"]; readonly outcome: TunnelOutcome }
  | { readonly refusal: Refusal };

async function openFor(request: IncomingMessage, client: Duplex, parts: ProxyParts): Promise<Opened> {
  if (!isAllowed(request, parts.nonce)) return { refusal: nonceMissing };
  const target = parseTarget(request.url ?? "");
  if (target === undefined) return { refusal: sentence(400, "CONNECT needs host:port.") };
  const route = routeFor("https", target, parts.original);
  if (route.kind === "refused") return { refusal: sentence(403, route.reason) };
  const gone = new AbortController();
  client.once("close", () => gone.abort());
  return { route: route.kind, outcome: await open(route, target, parts.gate, gone.signal) };
}

function isAllowed(request: IncomingMessage, nonce: Secret): boolean {
  return carriesNonce(request.headers["proxy-authorization"], nonce);
}

function open(
  route: Exclude<Route, { kind: "refused" }>,
  target: Target,
  gate: Gate,
  signal: AbortSignal,
): Promise<TunnelOutcome> {
  switch (route.kind) {
    case "gateway":
      return openThroughGateway(gate, target, signal);
    case "direct":
      return openDirect(target, signal);
    case "proxy":
      return openThroughProxy(proxyHop(route.url), target, signal);
  }
}

function settle(opened: Opened, client: Duplex, head: Buffer, gatewayTunnels: Set<Duplex>): void {
  if ("refusal" in opened) refuse(client, opened.refusal);
  else if (opened.outcome.kind === "refused") refuse(client, opened.outcome);
  else {
    if (opened.route === "gateway") {
      gatewayTunnels.add(client);
      client.once("close", () => gatewayTunnels.delete(client));
    }
    establish(client, head, opened.outcome);
  }
}

function establish(client: Duplex, head: Buffer, upstream: Extract<TunnelOutcome, { kind: "open" }>): void {
  if (client.destroyed) {
    upstream.socket.destroy();
    return;
  }
  client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
  if (upstream.head.length > 0) client.write(upstream.head);
  if (head.length > 0) upstream.socket.write(head);
  join(client, upstream.socket);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof GatehouseError && error.code === "session_ended") return sentence(403, error.message);
  return sentence(502, messageOf(error));
}

function sentence(status: number, text: string): Refusal {
  return { status, contentType: "text/plain; charset=utf-8", body: `${text}\n` };
}

/** The client may show the status line only; the body is for those that show more. */
function refuse(client: Duplex, { status, contentType, body }: Refusal): void {
  const bytes = Buffer.from(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}`,
    `Content-Type: ${contentType.replace(/[\r\n]/g, "")}`,
    `Content-Length: ${bytes.length}`,
    ...(status === 407 ? [`Proxy-Authenticate: ${challenge["proxy-authenticate"]}`] : []),
    "Connection: close",
  ];
  client.end(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), bytes]));
}
