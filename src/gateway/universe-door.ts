import type { Server } from "node:http";
import { createServer, type Socket, type Server as TcpServer } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { limits } from "#lib/limits";
import type { ServedCertificate } from "#lib/served-certificate";
import { tlsDoor } from "./tls-door.ts";

/** Names of our own under which Google's clients find every API: `<api>.<domain>` for `<api>.googleapis.com`. */
export interface UniverseListenOptions {
  readonly host: string;
  readonly port: number;
  /** A certificate for `*.<domain>`. Without one the door is plain HTTP, and TLS ends in front of it. */
  readonly tls: ServedCertificate | undefined;
  /** Lower case. */
  readonly domain: string;
  /** The port in URLs that clients are given. */
  readonly publicPort: number;
}

/** What is known of a connection that came by a name of ours, before its first request. */
export interface UniverseConnection {
  readonly domain: string;
  readonly port: number;
  /** TLS server name, lower case; `undefined` where the client sent none or TLS ended before us. */
  readonly serverName: string | undefined;
}

export interface UniverseDoor {
  readonly listener: TcpServer;
  of(socket: Duplex): UniverseConnection | undefined;
}

/** A door into the server that parses requests. What comes in by it is marked, so that it is judged by its names. */
export function universeDoor(server: Server, options: UniverseListenOptions): UniverseDoor {
  const { domain, publicPort: port, tls } = options;
  // Sockets leave when they close.
  const connections = new WeakMap<Duplex, UniverseConnection>();
  const enter = (socket: Socket, serverName: string | undefined): void => {
    connections.set(socket, { domain, port, serverName });
    socket.on("error", () => socket.destroy());
    server.emit("connection", socket);
  };
  const listener =
    tls === undefined
      ? plainDoor((socket) => enter(socket, undefined))
      : tlsDoor(server, tls, (socket) => enter(socket, serverNameOf(socket)));
  return { listener, of: (socket) => connections.get(socket) };
}

function plainDoor(enter: (socket: Socket) => void): TcpServer {
  const door = createServer({ noDelay: true }, enter);
  door.maxConnections = limits.clientConnectionsMax;
  return door;
}

function serverNameOf({ servername }: TLSSocket & { servername?: unknown }): string | undefined {
  return typeof servername === "string" && servername !== "" ? servername.toLowerCase() : undefined;
}
