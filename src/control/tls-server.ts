import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import { limits } from "#lib/limits";
import type { ServedCertificate } from "#lib/served-certificate";

/** For Fastify: an https server whose certificate can be replaced while it runs. */
export function tlsServerFactory(certificate: ServedCertificate): (handler: RequestListener) => Server {
  return (handler) => {
    const server = createServer(
      {
        ...certificate.current(),
        minVersion: "TLSv1.2",
        requestTimeout: limits.controlTimeoutMs,
        headersTimeout: limits.headersTimeoutMs,
        maxHeaderSize: limits.headerBytesMax + limits.tokenBytesMax,
      },
      handler,
    );
    const forget = certificate.onChange(() => server.setSecureContext(certificate.current()));
    return server.on("close", forget);
  };
}
