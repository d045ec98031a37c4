import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { limits } from "#lib/limits";
import type { Answer } from "./exchange.ts";

/** Writes an answer to the client, no faster than it reads. Resolves when it has it all, or has gone. */
export function deliver(answer: Answer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((done) => {
    if (response.destroyed) {
      if (!(answer.body instanceof Uint8Array)) answer.body.on("error", () => undefined).destroy();
      done();
      return;
    }
    guardReader(response);
    lingerFor(request, response);
    response.once("close", done);
    const isWhole = answer.body instanceof Uint8Array;
    response.writeHead(answer.status, [...answer.headers, ...lengthOf(answer, request)].flat());
    if (isWhole) {
      response.end(request.method === "HEAD" ? undefined : answer.body);
      return;
    }
    response.flushHeaders();
    // A body that breaks off destroys the connection: the client must not take the beginning for the whole.
    pipeline(answer.body, response, () => undefined);
  });
}

function lengthOf({ status, headers, body }: Answer, request: IncomingMessage): [string, string][] {
  const isKnown = headers.some(([name]) => name.toLowerCase() === "content-length");
  const hasNone = status === 204 || status === 304 || request.method === "HEAD";
  return isKnown || hasNone || !(body instanceof Uint8Array) ? [] : [["content-length", String(body.length)]];
}

/** A client that asks and does not read holds the upstream's socket; one that merely waits for a slow upstream does not. */
function guardReader(response: ServerResponse): void {
  response.setTimeout(limits.bodyIdleTimeoutMs);
  response.on("timeout", () => {
    if (response.writableLength > 0) response.destroy();
    else response.setTimeout(limits.bodyIdleTimeoutMs);
  });
}

/** After a refusal the rest of the body is read and dropped for a while: closing at once would lose the refusal. */
function lingerFor(request: IncomingMessage, response: ServerResponse): void {
  response.once("finish", () => {
    if (request.complete) return;
    request.resume();
    const timer = setTimeout(() => request.socket.destroy(), limits.lingerMs);
    timer.unref();
    request.once("close", () => clearTimeout(timer));
  });
}
