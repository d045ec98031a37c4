import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { ServerInfo } from "#api";
import { assert, GatehouseError } from "#lib/errors";
import { createConnectProxy } from "./connect-proxy.ts";
import { runEnvironment } from "./environment.ts";
import { projectOf, readActiveConfiguration } from "./gcloud-configuration.ts";
import { createMetadataServer } from "./metadata-server.ts";
import { newNonce } from "./nonce.ts";
import { guardPeers, type PeerCheck } from "./peer.ts";
import { originalProxies } from "./route.ts";
import { createRunFolder, type RunFolder } from "./run-folder.ts";
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
  /** Tells the person at the terminal. Each sentence is told once. */
  readonly notice: (sentence: string) => void;
  /** Told of each tunnel that the gateway has opened for the command. */
  readonly onGatewayTunnel?: (() => void) | undefined;
}

/** What runs beside one command: its own ports, its own nonce, its own folder. */
export interface Helper {
  /** The environment of the command. */
  readonly environment: NodeJS.ProcessEnv;
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
  const listeners = [proxy, metadata].map((server) => openable(server, parts.checkPeer, notice));
  try {
    const [proxyPort = 0, metadataPort = 0] = await Promise.all(listeners.map(({ listen }) => listen()));
    const places = { nonce, proxyPort, metadataPort, project, preload, controlUrl: parts.info.controlUrl };
    const files = {
      caBundle: folder.caBundle,
      gcloudConfiguration: folder.gcloudConfiguration,
      boto: folder.boto,
    };
    return {
      environment: runEnvironment(environment, { ...places, ...files }),
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

/** A loopback listener that knows its sockets: Node forgets those of CONNECT. */
function openable(server: Server, checkPeer: PeerCheck, notice: (sentence: string) => void): Openable {
  const sockets = new Set<Socket>();
  guardPeers(server, checkPeer, notice);
  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host: "127.0.0.1", port: 0 }, () => resolve(portOf(server.address())));
      }),
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
