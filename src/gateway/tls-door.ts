import type { Server } from "node:http";
import { createServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { limits } from "#lib/limits";
import type { ServedCertificate } from "#lib/served-certificate";

/** TLS in front of the server that parses requests: what it decrypts is handed on as any other connection would be. */
export function tlsDoor(
  server: Server,
  certificate: ServedCertificate,
  enter: (socket: TLSSocket) => void = (socket) => void server.emit("connection", socket),
): TlsServer {
  const door = createServer({
    ...certificate.current(),
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: limits.headersTimeoutMs,
    noDelay: true,
  });
  door.maxConnections = limits.clientConnectionsMax;
  const forget = certificate.onChange(() => door.setSecureContext(certificate.current()));
  door.on("secureConnection", (socket) => {
    socket.on("error", () => socket.destroy());
    enter(socket);
  });
  // Whoever speaks no TLS, or an old one, is not worth a word in the log: scanners do it all day.
  door.on("tlsClientError", (_error, socket) => socket.destroy());
  // The server never listens itself, and Node begins to look for headers that do not come, or do not end, when one does.
  door.on("listening", () => server.emit("listening"));
  door.on("close", () => {
    forget();
    // Ends that looking; it has no socket of its own to close.
    server.close();
  });
  return door;
}
