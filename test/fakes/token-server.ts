import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface TokenRequest {
  readonly path: string;
  readonly host: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface TokenServer {
  readonly url: string;
  readonly requests: readonly TokenRequest[];
  /** What later requests are answered with; `undefined` for a fresh token each. */
  answerWith(answer: ((request: TokenRequest, response: ServerResponse) => void) | undefined): void;
  close(): void;
}

/** A token endpoint on loopback that believes everybody and counts its tokens: `token-000001`, … */
export async function tokenServer(lifeSeconds = 3600): Promise<TokenServer> {
  const requests: TokenRequest[] = [];
  let answer: ((request: TokenRequest, response: ServerResponse) => void) | undefined;
  const server = createServer((incoming, response) => {
    void read(incoming).then((request) => {
      requests.push(request);
      if (answer !== undefined) {
        answer(request, response);
        return;
      }
      const token = `upstream-token-${String(requests.length).padStart(6, "0")}`;
      const expireTime = new Date(Date.now() + lifeSeconds * 1000).toISOString();
      const fields = request.path.endsWith(":generateAccessToken")
        ? { accessToken: token, expireTime }
        : { access_token: token, expires_in: lifeSeconds, token_type: "Bearer" };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(fields));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answerWith: (next) => {
      answer = next;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function read(incoming: IncomingMessage): Promise<TokenRequest> {
  let body = "";
  for await (const chunk of incoming) body += String(chunk);
  const { host = "", authorization } = incoming.headers;
  return { path: incoming.url ?? "", host, authorization, body };
}
