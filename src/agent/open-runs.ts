import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Clock } from "#lib/clock";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { ControlPlaneRefusal } from "./control-plane.ts";
import type { RunPlaces } from "./environment.ts";
import { noticeLine, openedLine, type RunRequest, runRequest, type ServiceStatus } from "./service-wire.ts";
import { jsonOrUndefined } from "./socket-call.ts";

/** A run that is open: its helper, and the session that is its alone. */
export interface OpenRun {
  readonly places: RunPlaces;
  readonly sessionId: string;
  close(): Promise<void>;
}

export interface ServiceParts {
  readonly serverUrl: string;
  /** Opens a session and a helper for one command. */
  readonly open: (request: RunRequest, notice: (sentence: string) => void) => Promise<OpenRun>;
  /** Somebody asked the service to end. */
  readonly onStop: () => void;
  readonly clock: Clock;
}

export interface Service {
  /** Listens nowhere yet. */
  readonly server: Server;
  /** Ends every run. May be called twice. */
  close(): Promise<void>;
}

interface Held {
  readonly run: OpenRun;
  readonly agent: string;
  readonly openedAt: Date;
  readonly response: ServerResponse;
}

/**
 * The helper service: keeps nothing but open runs, each with its own session, nonce, ports and folder. A run lasts as long
 * as the connection of the command that asked for it, so that a command that was killed leaves none behind.
 */
export function createService(parts: ServiceParts): Service {
  const startedAt = parts.clock.now();
  const runs = new Set<Held>();
  const end = async (held: Held): Promise<void> => {
    if (!runs.delete(held)) return;
    held.response.end();
    await held.run.close();
  };
  const status = (): ServiceStatus => ({
    pid: process.pid,
    serverUrl: parts.serverUrl,
    startedAt: startedAt.toISOString(),
    runs: [...runs].map(({ agent, run, openedAt }) => ({
      agent,
      sessionId: run.sessionId,
      openedAt: openedAt.toISOString(),
    })),
  });
  const openFor = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const wanted = await readRequest(request);
    if (wanted.serverUrl !== parts.serverUrl) throw otherServer(parts.serverUrl);
    if (runs.size >= limits.serviceRunsMax) throw tooMany();
    const early: string[] = [];
    let tell = (line: string): void => void early.push(line);
    const run = await parts.open(wanted, (sentence) => tell(noticeLine(sentence)));
    const held: Held = { run, agent: wanted.agent, openedAt: parts.clock.now(), response };
    runs.add(held);
    response.once("close", () => void end(held));
    if (response.destroyed) return end(held);
    response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
    tell = (line) => void response.write(line);
    response.write(openedLine(run.places, run.sessionId) + early.join(""));
  };
  const server = createServer(
    { maxHeaderSize: limits.headerBytesMax, requestTimeout: 0 },
    (request, response) => {
      switch (`${request.method} ${request.url}`) {
        case "GET /v1/status":
          answer(response, 200, status());
          return;
        case "POST /v1/stop":
          answer(response, 200, status());
          parts.onStop();
          return;
        case "POST /v1/runs":
          return void openFor(request, response).catch((error: unknown) =>
            answer(response, 409, refusalOf(error)),
          );
        default:
          answer(response, 404, { code: "not_found", message: "The helper service does not know this." });
      }
    },
  );
  return {
    server,
    close: async () => {
      await Promise.all([...runs].map(end));
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function readRequest(request: IncomingMessage): Promise<RunRequest> {
  let text = "";
  request.setEncoding("utf8");
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > limits.socketAnswerCharsMax) throw unreadable();
  }
  const parsed = runRequest.safeParse(jsonOrUndefined(text));
  if (!parsed.success) throw unreadable();
  return parsed.data;
}

function unreadable(): GatehouseError {
  return new GatehouseError(
    "request_unreadable",
    "The helper service does not understand this command: bring both to one version with `gatehouse agent stop` and `start`.",
  );
}

function otherServer(own: string): GatehouseError {
  return new GatehouseError("other_server", `The helper service serves ${own}.`);
}

function tooMany(): GatehouseError {
  return new GatehouseError(
    "too_many_runs",
    `The helper service has ${limits.serviceRunsMax} runs open. End some, or see them with \`gatehouse agent status\`.`,
  );
}

function refusalOf(error: unknown): object {
  const message = messageOf(error);
  if (error instanceof ControlPlaneRefusal) return { code: error.code, message, next: error.next };
  return { code: error instanceof GatehouseError ? error.code : "internal", message };
}

function answer(response: ServerResponse, status: number, content: object): void {
  if (response.headersSent) return void response.destroy();
  const body = Buffer.from(JSON.stringify(content));
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}
