import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerInfo } from "#api";
import { hashLeaf, type NoteSigner, signCheckpoint } from "#tlog";
import { newLogSigner } from "./log-signer.ts";
import { portOf } from "./port.ts";

export interface FakeAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A control plane that answers what a test tells it to, and remembers what it was asked. */
export interface FakeControlPlane {
  readonly url: string;
  readonly info: ServerInfo;
  readonly requests: FakeRequest[];
  /** Answers `POST /v1/token`; the form's fields are in the parameters. */
  token: (form: URLSearchParams) => FakeAnswer;
  /** Answers by `METHOD /path`, query left out; what is not there is a 404 in our problem shape. */
  readonly routes: Map<string, (request: FakeRequest) => FakeAnswer>;
  readonly logKey: NoteSigner;
  forms(): URLSearchParams[];
  close(): Promise<void>;
}

export interface FakeControlPlaneOptions {
  readonly proxyUrl?: string;
  readonly caCertificatePem?: string;
  readonly issuer?: string;
  readonly isDevelopment?: boolean;
}

export async function startFakeControlPlane(
  options: FakeControlPlaneOptions = {},
): Promise<FakeControlPlane> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const seen: FakeRequest = {
        method: request.method ?? "",
        path: request.url ?? "",
        authorization: request.headers.authorization,
        body: Buffer.concat(chunks).toString(),
      };
      plane.requests.push(seen);
      const { status, body } = answer(plane, seen);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${portOf(server)}`;
  const logKey = newLogSigner("example.com/gatehouse");
  const plane: FakeControlPlane = {
    url,
    info: serverInfoOf(url, logKey, options),
    requests: [],
    token: (form) => grantToken(form, { expiresInS: 900 }),
    // Its log has one entry for ever.
    routes: new Map([["GET /api/v1/audit/consistency", () => logOfOne(logKey, "one")]]),
    logKey,
    forms: () =>
      plane.requests.filter(({ path }) => path === "/v1/token").map(({ body }) => new URLSearchParams(body)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return plane;
}

/** What a log of this one entry answers to whoever remembers no more of it. */
export function logOfOne(logKey: NoteSigner, entry: string): FakeAnswer {
  const root = hashLeaf(Buffer.from(entry));
  const checkpoint = signCheckpoint({ origin: "example.com/gatehouse", size: 1, root }, logKey);
  return { status: 200, body: { checkpoint, proof: [] } };
}

function serverInfoOf(url: string, logKey: NoteSigner, options: FakeControlPlaneOptions): ServerInfo {
  return {
    product: "gatehouse",
    version: "0.1.0",
    controlUrl: url,
    proxyUrl: options.proxyUrl ?? "http://127.0.0.1:1",
    caCertificatePem: options.caCertificatePem ?? "",
    signIn: {
      issuer: options.issuer ?? "http://127.0.0.1:1",
      agentClientId: "gatehouse-agent",
      consoleClientId: "gatehouse-console",
      isDevelopment: options.isDevelopment ?? true,
    },
    log: { origin: "example.com/gatehouse", verifierKey: logKey.verifierKey },
  };
}

function answer(plane: FakeControlPlane, seen: FakeRequest): FakeAnswer {
  const [path = ""] = seen.path.split("?");
  if (path === "/.well-known/gatehouse") return { status: 200, body: plane.info };
  if (path === "/v1/token") return plane.token(new URLSearchParams(seen.body));
  const route = plane.routes.get(`${seen.method} ${path}`);
  return route?.(seen) ?? refusal(404, "not_found", "There is no such thing here.");
}

export function refusal(status: number, code: string, message: string, next?: string): FakeAnswer {
  return { status, body: { error: { code, message, next } } };
}

let tokens = 0;

/** A token answer with a name of its own; refresh tokens rotate as ours do. */
export function grantToken(form: URLSearchParams, { expiresInS }: { expiresInS: number }): FakeAnswer {
  tokens += 1;
  return {
    status: 200,
    body: {
      access_token: `gateway-token-${tokens}`,
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      token_type: "Bearer",
      expires_in: expiresInS,
      refresh_token: `refresh-token-${tokens}`,
      session_id: form.get("agent") === null ? "ses_refreshed" : `ses_${form.get("agent")}`,
    },
  };
}

export const sessionRevoked: FakeAnswer = {
  status: 400,
  body: { error: "invalid_grant", error_description: "The session was stopped by auditor@example.com." },
};
