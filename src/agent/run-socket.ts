import { createServer, type Server, type ServerResponse } from "node:http";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { audienceOf } from "./credential-file.ts";
import type { TokenSource } from "./token-source.ts";

export interface RunSocketParts {
  readonly tokens: TokenSource;
  readonly controlUrl: string;
}

/**
 * Lends the run's gateway token over a Unix socket, for sandboxes that forbid loopback TCP. Who may connect is decided by
 * the folder the socket is in, which is its owner's alone. It listens nowhere yet.
 */
export function createRunSocket({ tokens, controlUrl }: RunSocketParts): Server {
  return createServer(
    { maxHeaderSize: limits.headerBytesMax, headersTimeout: limits.headersTimeoutMs },
    (request, response) => {
      if (request.method !== "GET" || request.url !== "/v1/token") {
        respond(response, 404, { code: "not_found", message: "This socket answers GET /v1/token." });
        return;
      }
      tokens.current().then(
        ({ accessToken, expiresInS }) =>
          respond(response, 200, {
            access_token: accessToken.reveal(),
            expires_in: expiresInS,
            audience: audienceOf(controlUrl),
          }),
        (error: unknown) =>
          respond(response, 503, {
            code: error instanceof GatehouseError ? error.code : "internal",
            message: messageOf(error),
          }),
      );
    },
  );
}

function respond(response: ServerResponse, status: number, content: object): void {
  const body = Buffer.from(JSON.stringify(content));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": body.length,
    "cache-control": "no-store",
  });
  response.end(body);
}
