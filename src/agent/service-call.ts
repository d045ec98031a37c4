import { type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { GatehouseError } from "#lib/errors";
import { ControlPlaneRefusal } from "./control-plane.ts";
import type { OpenRun } from "./open-runs.ts";
import {
  type RunRequest,
  runLine,
  type ServiceStatus,
  serviceRefusal,
  serviceStatus,
} from "./service-wire.ts";
import { askSocket, jsonOrUndefined } from "./socket-call.ts";
import { isOwnSocket } from "./socket-file.ts";

/** What the service at this socket says of itself; nothing when none answers there. */
export async function readServiceStatus(socketPath: string): Promise<ServiceStatus | undefined> {
  return ask(socketPath, "/v1/status");
}

/** Asks the service to end, and tells what it was doing; nothing when there is none. */
export async function stopService(socketPath: string): Promise<ServiceStatus | undefined> {
  return ask(socketPath, "/v1/stop", "POST");
}

async function ask(socketPath: string, path: string, method?: string): Promise<ServiceStatus | undefined> {
  if (!isOwnSocket(socketPath)) return undefined;
  try {
    return serviceStatus.safeParse((await askSocket(socketPath, path, method)).body).data;
  } catch (error) {
    if (error instanceof GatehouseError && error.code === "helper_gone") return undefined;
    throw error;
  }
}

/**
 * A run by the helper service. Nothing when no service answers there, or when it serves another server. Throws what the
 * service says when it opens none.
 */
export async function joinService(
  socketPath: string,
  wanted: RunRequest,
  notice: (sentence: string) => void,
): Promise<OpenRun | undefined> {
  if (!isOwnSocket(socketPath)) return undefined;
  const answer = await post(socketPath, JSON.stringify(wanted));
  if (answer === undefined) return undefined;
  const lines = createInterface({ input: answer, crlfDelay: Number.POSITIVE_INFINITY })[
    Symbol.asyncIterator
  ]();
  const first = await lines.next();
  const text: unknown = first.done === true ? undefined : jsonOrUndefined(first.value);
  const opened = runLine.safeParse(text).data;
  if (opened === undefined || !("opened" in opened)) {
    refused(text);
    return;
  }
  const closing = new AbortController();
  // Until the service or the command ends.
  void (async () => {
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      const line = runLine.safeParse(jsonOrUndefined(next.value)).data;
      if (line !== undefined && "notice" in line) notice(line.notice);
    }
    if (!closing.signal.aborted)
      notice("The helper service has ended, and with it this run: nothing reaches Google any more.");
  })().catch(() => undefined);
  return {
    places: opened.opened,
    sessionId: opened.sessionId,
    close: async () => {
      closing.abort();
      answer.destroy();
    },
  };
}

function refused(text: unknown): undefined {
  const refusal = serviceRefusal.safeParse(text).data;
  if (refusal?.code === "other_server") return undefined;
  if (refusal !== undefined) throw new ControlPlaneRefusal({ status: 409, ...refusal });
  throw new GatehouseError(
    "service_answer_invalid",
    "The helper service is of another version. Start it again: `gatehouse agent stop`, then `gatehouse agent start`.",
  );
}

/** The head of the answer, which stays open; nothing when nobody listens. */
function post(socketPath: string, body: string): Promise<IncomingMessage | undefined> {
  return new Promise((resolve) => {
    const outgoing = request({ socketPath, path: "/v1/runs", method: "POST", agent: false });
    outgoing.setHeader("content-type", "application/json");
    outgoing.once("error", () => resolve(undefined));
    outgoing.once("response", (answer) => {
      answer.on("error", () => undefined);
      resolve(answer);
    });
    outgoing.end(body);
  });
}
