import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { answer, type CloudParts } from "./answering.ts";
import { type Clock, systemClock } from "./clock.ts";
import { createCredentials, type KeyFile } from "./credentials.ts";
import { type GoogleCode, GoogleError } from "./google-error.ts";
import { type ArrivedRequest, createJournal, matches, type RequestFilter } from "./journal.ts";
import { createOperations } from "./operations.ts";
import type { RenderedAnswer } from "./received.ts";
import { createRouter } from "./router.ts";
import { seed } from "./seed.ts";
import { allServices } from "./services/all.ts";
import { createUrlSigner } from "./signed-url.ts";
import type { World } from "./world.ts";

const BODY_BYTES_MAX = 256 * 1024 * 1024;
const OPERATION_MS_DEFAULT = 2_000;
const PROJECT_NUMBER = "271828182845";

export interface PracticeCloudOptions {
  /** A loopback address. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  readonly clock?: Clock;
  /** How long long-running operations take, by `clock`. */
  readonly operationMs?: number;
}

export interface Failure {
  readonly code: GoogleCode;
  readonly message?: string;
}

export interface PracticeCloud {
  /** Where requests for all of Google's hosts go, each with its own Host header. */
  readonly url: string;
  readonly port: number;
  readonly projectId: string;
  /** What arrived, oldest first, token requests and refused ones included. */
  requests(): readonly ArrivedRequest[];
  count(filter?: RequestFilter): number;
  /** A new key of the service account that Gatehouse runs under. */
  issueKey(): Promise<KeyFile>;
  /** Makes the key and all tokens obtained with it worthless at once. Returns whether there was such a key. */
  revokeKey(keyId: string): boolean;
  /** The next request that fits is answered with this error, once, after its credential was checked. */
  failNext(failure: Failure, filter?: RequestFilter): void;
  close(): Promise<void>;
}

/** Starts a small simulated Google on loopback. Throws if the port is taken or the host is not loopback. */
export async function startPracticeCloud(options: PracticeCloudOptions = {}): Promise<PracticeCloud> {
  const { host = "127.0.0.1", port = 0, clock = systemClock, operationMs = OPERATION_MS_DEFAULT } = options;
  if (host !== "127.0.0.1" && host !== "::1") {
    throw new Error(`The practice cloud listens on loopback only, not on ${host}.`);
  }
  const address = { url: "" };
  const world = createWorld(clock, operationMs, () => `${address.url}/token`);
  seed(world);
  const journal = createJournal();
  const failures: { failure: Failure; filter: RequestFilter }[] = [];
  const parts: CloudParts = {
    world,
    router: createRouter(allServices(world)),
    note: journal.note,
    plannedFailure(request) {
      const index = failures.findIndex(({ filter }) => matches(request, filter));
      const planned = index < 0 ? undefined : failures.splice(index, 1)[0]?.failure;
      return planned && new GoogleError(planned.code, planned.message ?? "A failure that was asked for.");
    },
  };

  const server = createServer((request, response) => void serve(parts, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, host, resolve);
  });
  const listening = server.address();
  if (listening === null || typeof listening === "string") throw new Error("not listening on a port");
  address.url = `http://${host === "::1" ? "[::1]" : host}:${listening.port}`;

  return {
    url: address.url,
    port: listening.port,
    projectId: world.project.id,
    requests: journal.requests,
    count: (filter = {}) => journal.requests().filter((request) => matches(request, filter)).length,
    issueKey: () => world.credentials.issueKey(`gatehouse@${world.project.id}.iam.gserviceaccount.com`),
    revokeKey: (keyId) => world.credentials.revokeKey(keyId),
    failNext: (failure, filter = {}) => void failures.push({ failure, filter }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function createWorld(clock: Clock, operationMs: number, tokenUri: () => string): World {
  const project = { id: "practice-project", number: PROJECT_NUMBER };
  let last = clock.now().getTime() * 1000;
  return {
    project,
    clock,
    operations: createOperations(clock, operationMs),
    credentials: createCredentials({ clock, projectId: project.id, tokenUri }),
    signer: createUrlSigner(clock, `service-${project.number}@gcf-admin-robot.iam.gserviceaccount.com`),
    nextNumber: () => {
      last += 1;
      return String(last);
    },
    policies: new Map(),
    buckets: new Map(),
    objects: new Map(),
    uploads: new Map(),
    secrets: new Map(),
    functions: new Map(),
    runServices: new Map(),
    serviceAccounts: new Map(),
    instances: new Map(),
    topics: new Map(),
  };
}

async function serve(parts: CloudParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    send(
      response,
      await answer(parts, {
        method: request.method ?? "",
        target: request.url ?? "/",
        headers: request.headers,
        readBody: () => readBody(request),
      }),
    );
  } catch (error) {
    // Our bug, or a client that went away in mid-body; either way there is no answer to give.
    if (!request.destroyed) console.error("practice cloud:", error);
    response.destroy();
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Left open on the way out, so that the refusal of a body that is too large still reaches its sender.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) throw new Error("the request body is not binary");
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new GoogleError("TOO_LARGE", "The request body exceeds 256 MiB.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers, body }: RenderedAnswer): void {
  response.writeHead(status, { ...headers, "Content-Length": body.length }).end(body);
}
