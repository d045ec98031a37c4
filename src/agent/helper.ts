import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { ServerInfo } from "#api";
import { assert, GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { createConnectProxy } from "./connect-proxy.ts";
import { type RunPlaces, runEnvironment } from "./environment.ts";
import { projectOf, readActiveConfiguration } from "./gcloud-configuration.ts";
import { createMetadataServer } from "./metadata-server.ts";
import { newNonce } from "./nonce.ts";
import { guardPeers, type PeerCheck } from "./peer.ts";
import { originalProxies } from "./route.ts";
import { createRunFolder, type RunFolder } from "./run-folder.ts";
import { createRunSocket } from "./run-socket.ts";
import { listenAt } from "./socket-file.ts";
import { prepareSocketWay, type SocketWay } from "./socket-way.ts";
import type { TokenSource } from "./token-source.ts";

export interface HelperParts {
  readonly info: ServerInfo;
  /** An open session; the helper lends its tokens. */
  readonly tokens: TokenSource;
  /** Shown by clients as the active account. */
  readonly account: string;
  /** Overrides what the user's environment and gcloud configuration say. */
  readonly project: string | undefined;
  /** The user's environment, before us. */
  readonly environment: NodeJS.ProcessEnv;
  readonly checkPeer: PeerCheck;
  /** How `gatehouse` is started here, program and arguments, for the executable that sandboxed clients run. */
  readonly gatehouse: readonly string[];
  /** Tells the person at the terminal. Each sentence is told once. */
  readonly notice: (sentence: string) => void;
  /** Told of each tunnel that the gateway has opened for the command. */
  readonly onGatewayTunnel?: (() => void) | undefined;
}

/** What runs beside one command: its own ports, its own nonce, its own folder. */
export interface Helper {
  /** The environment of the command, by way of the proxy. */
  readonly environment: NodeJS.ProcessEnv;
  /** What environments of this run point at; another process of the same user may make one of its own. */
  readonly places: RunPlaces;
  readonly folder: string;
  readonly proxyPort: number;
  readonly metadataPort: number;
  /** Closes both listeners and every connection, and removes the folder. May be called twice. */
  close(): Promise<void>;
}

const preload = fileURLToPath(new URL("./preload.cjs", import.meta.url));

/** Starts a helper. When it throws, nothing is left: no port, no folder. */
export async function startHelper(parts: HelperParts): Promise<Helper> {
  const { environment } = parts;
  const properties = readActiveConfiguration(environment);
  const project = parts.project ?? projectOf(environment, properties);
  const nonce = newNonce();
  const gate = { proxyUrl: gatewayUrl(parts.info), tokens: parts.tokens };
  const { onGatewayTunnel } = parts;
  const proxy = createConnectProxy({
    gate,
    nonce,
    original: originalProxies(environment),
    ...(onGatewayTunnel === undefined ? {} : { onGatewayTunnel }),
  });
  const identity = { account: parts.account, project: project ?? "" };
  const metadata = createMetadataServer({ tokens: parts.tokens, identity });
  const notice = once(parts.notice);
  parts.tokens.onEnded(notice);

  const folder = createRunFolder({ gatewayCaPem: parts.info.caCertificatePem, properties, environment });
  const listeners: Openable[] = [proxy, metadata].map((server) => openable(server, parts.checkPeer, notice));
  try {
    const bySocket = socketWayOf(parts, folder, listeners);
    const [proxyPort = 0, metadataPort = 0] = await Promise.all(listeners.map(({ listen }) => listen()));
    const places: RunPlaces = {
      nonce,
      proxyPort,
      metadataPort,
      project,
      preload,
      controlUrl: parts.info.controlUrl,
      caBundle: folder.caBundle,
      gcloudConfiguration: folder.gcloudConfiguration,
      boto: folder.boto,
      bySocket,
    };
    return {
      environment: runEnvironment(environment, places),
      places,
      folder: folder.path,
      proxyPort,
      metadataPort,
      close: () => closeAll(listeners, folder),
    };
  } catch (error) {
    await closeAll(listeners, folder);
    throw error;
  }
}

/**
 * Windows has no Unix sockets that Google's libraries could be pointed at, and the kernel takes no path of any length: a
 * run does without then.
 */
function socketWayOf(
  { info, tokens, gatehouse }: HelperParts,
  { path }: RunFolder,
  listeners: Openable[],
): SocketWay | undefined {
  if (process.platform === "win32") return undefined;
  const way = prepareSocketWay({ info, folder: path, gatehouse });
  if (Buffer.byteLength(way.socket) > limits.socketPathBytesMax) return undefined;
  const server = createRunSocket({ tokens, controlUrl: info.controlUrl });
  const known = tracked(server);
  listeners.push({ ...known, listen: () => listenAt(server, way.socket).then(() => 0) });
  return way;
}

/** A gateway token travels to this address: over TLS, or not further than this machine. */
function gatewayUrl({ proxyUrl }: ServerInfo): URL {
  const url = new URL(proxyUrl);
  const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url.protocol === "https:" || (url.protocol === "http:" && isLocal)) return url;
  throw new GatehouseError(
    "gateway_in_clear",
    `The server names a gateway in clear text, ${url.origin}. Its operator must put TLS in front of it.`,
  );
}

interface Openable {
  listen(): Promise<number>;
  close(): Promise<void>;
}

/** A loopback listener. */
function openable(server: Server, checkPeer: PeerCheck, notice: (sentence: string) => void): Openable {
  guardPeers(server, checkPeer, notice);
  return {
    ...tracked(server),
    listen: () =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host: "127.0.0.1", port: 0 }, () => resolve(portOf(server.address())));
      }),
  };
}

/** A listener that knows its sockets: Node forgets those of CONNECT. */
function tracked(server: Server): Pick<Openable, "close"> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function portOf(address: AddressInfo | string | null): number {
  assert(typeof address === "object" && address !== null, "a TCP listener has a port");
  return address.port;
}

async function closeAll(listeners: readonly Openable[], folder: RunFolder): Promise<void> {
  try {
    await Promise.all(listeners.map(({ close }) => close()));
  } finally {
    folder.remove();
  }
}

function once(notice: (sentence: string) => void): (sentence: string) => void {
  const told = new Set<string>();
  return (sentence) => {
    if (told.has(sentence)) return;
    told.add(sentence);
    notice(sentence);
  };
}
