import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { findMetadata, type RunIdentity } from "./metadata-tree.ts";
import type { TokenSource } from "./token-source.ts";

export interface MetadataParts {
  readonly tokens: TokenSource;
  readonly identity: RunIdentity;
}

interface MetadataAnswer {
  readonly status: number;
  /** A string is text, anything else JSON. */
  readonly content: string | object;
}

/**
 * A metadata server as Google's clients know it from Compute Engine, lending gateway tokens and nothing else.
 * It listens nowhere yet: the helper opens and closes it.
 */
export function createMetadataServer(parts: MetadataParts): Server {
  return createServer(
    { maxHeaderSize: limits.headerBytesMax, headersTimeout: limits.headersTimeoutMs },
    (request, response) => {
      answerTo(request, parts).then(
        (answer) => respond(response, answer),
        (error: unknown) => respond(response, { status: 503, content: messageOf(error) }),
      );
    },
  );
}

/**
 * A page in a browser on this machine can send requests here. It cannot set Metadata-Flavor across origins; a name it
 * points at 127.0.0.1 shows in Host; a request passed on by somebody else's proxy carries X-Forwarded-For.
 */
function refusalFor(request: IncomingMessage): MetadataAnswer | undefined {
  const { headers } = request;
  if (!isOwnName(headers.host, request.socket.localPort)) {
    return { status: 403, content: "Host is not the name of this metadata server." };
  }
  if (headers["x-forwarded-for"] !== undefined) {
    return { status: 403, content: "Metadata requests are not passed on." };
  }
  if (headers["metadata-flavor"]?.toString().toLowerCase() !== "google") {
    return { status: 403, content: "Missing Metadata-Flavor: Google header." };
  }
  if (request.method !== "GET") return { status: 405, content: "Metadata is read with GET." };
  return undefined;
}

function isOwnName(host: string | undefined, port: number | undefined): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

async function answerTo(
  request: IncomingMessage,
  { tokens, identity }: MetadataParts,
): Promise<MetadataAnswer> {
  const refusal = refusalFor(request);
  if (refusal !== undefined) return refusal;
  const [path = "", query = ""] = (request.url ?? "").split("?", 2);
  const isRecursive = new URLSearchParams(query).get("recursive")?.toLowerCase() === "true";
  const entry = findMetadata(path.replace(/\/+$/, ""), isRecursive, identity);
  switch (entry.kind) {
    case "absent":
      return { status: 404, content: "Not found." };
    case "text":
      return { status: 200, content: entry.text };
    case "json":
      return { status: 200, content: entry.value };
    case "token": {
      const { accessToken, expiresInS } = await tokens.current();
      const content = { access_token: accessToken.reveal(), expires_in: expiresInS, token_type: "Bearer" };
      return { status: 200, content };
    }
  }
}

function respond(response: ServerResponse, { status, content }: MetadataAnswer): void {
  const isText = typeof content === "string";
  const body = Buffer.from(isText ? content : JSON.stringify(content));
  response.writeHead(status, {
    "metadata-flavor": "Google",
    server: "Metadata Server for VM",
    "content-type": isText ? "application/text" : "application/json",
    "content-length": body.length,
    "cache-control": "no-store",
  });
  response.end(body);
}
