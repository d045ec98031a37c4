import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket, Server as TcpServer } from "node:net";
import type { Duplex } from "node:stream";
import { GatehouseError } from "#lib/errors";
import { newId } from "#lib/ids";
import { limits } from "#lib/limits";
import { isLoopbackHost } from "#lib/loopback";
import type { ServedCertificate } from "#lib/served-certificate";
import { createStrangerQuota, type StrangerQuota } from "#lib/stranger-quota";
import { arrive } from "./arrival.ts";
import { createCapabilityRegister } from "./capabilities.ts";
import { type ClientTurns, createClientTurns } from "./client-turns.ts";
import type { DataPlanePorts } from "./data-plane-ports.ts";
import { deliver } from "./delivery.ts";
import { lastWord } from "./last-word.ts";
import { handle, type Stages } from "./pipeline.ts";
import { refusal } from "./refusal.ts";
import { createRunningExchanges, type RunningExchanges } from "./running-exchanges.ts";
import { buildStages } from "./stages/build.ts";
import { tlsDoor } from "./tls-door.ts";
import { createTunnels, type Tunnels } from "./tunnels.ts";
import { type UniverseDoor, type UniverseListenOptions, universeDoor } from "./universe-door.ts";

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: ServedCertificate | undefined;
  /** How others reach it, where that is not host and port. */
  readonly url?: string | undefined;
}

export interface DataPlane {
  /** `http://host:port` or `https://…`, for proxy variables and for the endpoint prefix form. */
  readonly url: string;
  readonly port: number;
  /** Of the door for names of our own domain, where there is one. */
  readonly universePort: number | undefined;
  /** Stops accepting; lets what runs or waits finish for `graceMs`; then cuts it, and resolves once that is on record. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/**
 * Opens the listeners of the data plane, one for proxies and prefixes and, if wanted, one for names of our own domain.
 * Port 0 takes any. Without TLS only on loopback (`tls_required`).
 */
export async function openDataPlane(
  ports: DataPlanePorts,
  listen: ListenOptions,
  universe?: UniverseListenOptions,
): Promise<DataPlane> {
  for (const { tls, host } of [listen, ...(universe === undefined ? [] : [universe])]) {
    if (tls === undefined) requireLoopback(host);
  }
  const exchanges = createRunningExchanges();
  const capabilities = createCapabilityRegister(ports.clock);
  const strangers = createStrangerQuota(ports.clock);
  const draining = new AbortController();
  const stages = buildStages(ports, { capabilities, exchanges, strangers, draining: draining.signal });
  const server = createServer({
    // Owned by Node's parser; `insecureHTTPParser` is never set, for it lets ambiguous framing through.
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    // Uploads last as long as they move; a stalled one is cut by its idle time-out.
    requestTimeout: 0,
    keepAliveTimeout: limits.clientIdleTimeoutMs,
    connectionsCheckingInterval: limits.headersTimeoutMs / 4,
    // A host that vanished without a word must not be held for ever.
    keepAlive: true,
    noDelay: true,
  });
  const tunnels = createTunnels(ports, server, () => strangers.take());
  server.maxConnections = limits.clientConnectionsMax;
  const turns = createClientTurns();
  const plane = {
    ...{ ports, server, exchanges, stages, tunnels, turns, strangers },
    door: listen.tls === undefined ? server : tlsDoor(server, listen.tls),
    universe: universe === undefined ? undefined : universeDoor(server, universe),
    url: listen.url,
    isDraining: false,
  };
  const sockets = attach(plane);
  const forgetListener = ports.authenticator.onSessionStopped(({ id }) => {
    capabilities.forgetSession(id);
    exchanges.abortSession(id);
    tunnels.stopSession(id);
  });
  const port = await listening(plane.door, listen);
  return {
    url: listen.url ?? addressOf(listen, port),
    port,
    universePort: await openUniverse(plane, universe),
    close: async ({ graceMs }) => {
      plane.isDraining = true;
      draining.abort();
      forgetListener();
      await drain(plane, sockets, graceMs);
    },
  };
}

/** When the second door does not open, the first does not stay open without it. */
async function openUniverse(
  plane: Pick<Plane, "door" | "universe">,
  options: UniverseListenOptions | undefined,
): Promise<number | undefined> {
  if (plane.universe === undefined || options === undefined) return undefined;
  try {
    return await listening(plane.universe.listener, options);
  } catch (error) {
    plane.door.close();
    throw error;
  }
}

function addressOf({ host, tls }: ListenOptions, port: number): string {
  return `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

interface Plane {
  readonly ports: DataPlanePorts;
  /** What parses requests. */
  readonly server: Server;
  /** What listens: the server itself, or TLS in front of it. */
  readonly door: TcpServer;
  /** What listens for names of our own domain. */
  readonly universe: UniverseDoor | undefined;
  /** The address others know it by, where it was configured. */
  readonly url: string | undefined;
  readonly exchanges: RunningExchanges;
  readonly stages: Stages;
  readonly tunnels: Tunnels;
  readonly turns: ClientTurns;
  readonly strangers: StrangerQuota;
  isDraining: boolean;
}

/** Connects the server's events to the pipeline. Returns the set of open sockets, which it keeps. */
function attach(plane: Plane): ReadonlySet<Socket> {
  const { server, tunnels, turns, ports } = plane;
  const sockets = new Set<Socket>();
  server.maxHeadersCount = 0;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const take = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void =>
    turns.take(request, response, () => start(plane, request, response, expectsContinue));
  server.on("request", (request, response) => take(request, response, false));
  server.on("checkContinue", (request, response) => take(request, response, true));
  server.on("checkExpectation", (request, response) => take(request, response, false));
  server.on("connect", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // The server has let go of this socket, its errors included.
    socket.on("error", () => socket.destroy());
    // A tunnel inside a tunnel would hide its requests from the host check, and an answer that is still due would
    // be written into the tunnel. Under names of our own there is no proxy.
    const isInside = tunnels.of(socket) !== undefined || plane.universe?.of(socket) !== undefined;
    const isOutOfPlace = isInside || turns.isBusy(socket);
    if (isOutOfPlace || plane.isDraining) {
      lastWord(socket, badRequest);
      return;
    }
    tunnels.accept(request, socket, head).catch((error: unknown) => {
      ports.log.error({ err: error }, "cannot open a tunnel");
      socket.destroy();
    });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Nothing can be said to a client that has gone, or is in the middle of another answer.
    if (!socket.writable || answering.has(socket)) return void socket.destroy();
    const tell = (): void => lastWord(socket, parserAnswer(error.code));
    // A body that breaks off belongs to an exchange, which records its own end; silence is no request at all.
    if (turns.isBusy(socket) || error.code === "ERR_HTTP_REQUEST_TIMEOUT") tell();
    else recordUnparsed(plane, error.code, tunnels.of(socket)?.sessionId).then(tell, tell);
  });
  return sockets;
}

/** Sockets on which an answer has begun; a second status line there would be taken for its body. */
const answering = new WeakSet<Duplex>();

/** What the parser refused never became an exchange, but it is on record like any other refusal. */
async function recordUnparsed(
  { ports, strangers }: Plane,
  code: string | undefined,
  sessionId: string | undefined,
): Promise<void> {
  const exchangeId = newId("exc", ports.clock);
  ports.log.info({ exchangeId, code }, "malformed request refused");
  if (sessionId === undefined && !strangers.take()) return;
  const detail = { code: "malformed", cause: code ?? "unknown" };
  const whose =
    sessionId === undefined
      ? ({ kind: "auth.refused" } as const)
      : ({ kind: "exchange.refused", sessionId } as const);
  await ports.audit
    .append({ ...whose, exchangeId, decision: "malformed", detail })
    .catch((error: unknown) => {
      ports.log.error({ err: error, exchangeId }, "cannot record a refusal");
    });
}

function start(
  plane: Plane,
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
): void {
  const exchangeId = newId("exc", plane.ports.clock);
  const exchange = plane.exchanges.begin(exchangeId);
  response.once("close", () => {
    answering.delete(request.socket);
    if (!response.writableFinished) exchange.abort("client_gone");
  });
  exchange.gone.addEventListener("abort", () => response.destroy(), { once: true });
  request.on("error", () => undefined);
  response.on("error", () => undefined);
  const work = serve(plane, { request, response, exchangeId, exchange, expectsContinue });
  exchange.track(work);
  work.catch((error: unknown) => {
    plane.ports.log.error({ err: error, exchangeId }, "an exchange failed");
    response.destroy();
  });
}

type Begun = Pick<
  Parameters<typeof arrive>[0],
  "request" | "response" | "exchangeId" | "exchange" | "expectsContinue"
>;

async function serve(plane: Plane, begun: Begun): Promise<void> {
  const { request, response } = begun;
  const { ports, stages, tunnels } = plane;
  const { received, refused } = arrive({
    ...begun,
    tunnel: tunnels.of(request.socket),
    universe: plane.universe?.of(request.socket),
    ownUrl: plane.url,
    clock: ports.clock,
  });
  const closing = plane.isDraining ? refusal("draining", received, "shutting down") : refused;
  // After a framing fault nobody knows where the next request begins.
  if (closing !== undefined) response.setHeader("connection", "close");
  const answer =
    closing === undefined ? await handle(received, stages, onFailure) : await stages.refuse(closing);
  answering.add(request.socket);
  await deliver(answer, request, response);

  function onFailure(error: unknown): void {
    ports.log.error({ err: error, exchangeId: begun.exchangeId }, "a stage failed");
  }
}

async function drain(plane: Plane, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const doors = [plane.door, ...(plane.universe === undefined ? [] : [plane.universe.listener])];
  const closed = Promise.all(doors.map((door) => new Promise<void>((done) => door.close(() => done()))));
  plane.server.closeIdleConnections();
  if (!(await within(plane.exchanges.idle(), graceMs))) {
    plane.exchanges.abortAll();
    // Their ends still go on record; a log that hangs must not hang the shutdown as well.
    await within(plane.exchanges.idle(), limits.lingerMs);
  }
  for (const socket of sockets) socket.destroy();
  await closed;
}

async function within(work: Promise<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<false>((done) => {
    timer = setTimeout(() => done(false), timeoutMs);
  });
  const isDone = await Promise.race([work.then(() => true as const), expired]);
  clearTimeout(timer);
  return isDone;
}

async function listening(server: TcpServer, { host, port }: { host: string; port: number }): Promise<number> {
  await new Promise<void>((ready, failed) => {
    server.once("error", (error: NodeJS.ErrnoException) => failed(listenFailure(error, port)));
    server.listen(port, host, ready);
  });
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

function listenFailure(error: NodeJS.ErrnoException, port: number): GatehouseError {
  const message =
    error.code === "EADDRINUSE"
      ? `Port ${port} is taken. Stop what uses it, or configure another port for the proxy.`
      : `Cannot listen on port ${port}: ${error.message}`;
  return new GatehouseError("listen_failed", message, { cause: error });
}

function requireLoopback(host: string): void {
  if (isLoopbackHost(host)) return;
  throw new GatehouseError(
    "tls_required",
    `The proxy listens in cleartext, so only on loopback; ${host} is not. Use 127.0.0.1 or ::1.`,
  );
}

const badRequest = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

function parserAnswer(code: string | undefined): string {
  const status =
    code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "408 Request Timeout"
        : "400 Bad Request";
  return `HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
}
