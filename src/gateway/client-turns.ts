import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { limits } from "#lib/limits";

/**
 * One request at a time on each client connection. The parser hands over what was pipelined at once; judged side by
 * side, a request could run that only looked like one after a framing fault, and hundreds could wait behind one that
 * is held. A server may take them in sequence (RFC 9112 section 9.3.2).
 */
export interface ClientTurns {
  /** Calls `serve` once all before it has been answered; never, if that was the connection's last answer. */
  take(request: IncomingMessage, response: ServerResponse, serve: () => void): void;
  /** Whether a request of this connection has not been answered in full. */
  isBusy(socket: Duplex): boolean;
}

export function createClientTurns(): ClientTurns {
  // Owned here: connections with a request under way, and the requests that wait behind it.
  const waiting = new WeakMap<Duplex, (() => void)[]>();

  function begin(socket: Duplex, response: ServerResponse, serve: () => void): void {
    response.once("close", () => {
      const next = waiting.get(socket)?.shift();
      // Not writable: it was closed, or the last answer said `Connection: close`.
      if (next === undefined || !socket.writable) waiting.delete(socket);
      else next();
    });
    serve();
  }

  return {
    take: ({ socket }, response, serve) => {
      const line = waiting.get(socket);
      if (line === undefined) {
        waiting.set(socket, []);
        begin(socket, response, serve);
      } else if (line.length < limits.pipelinedRequestsMax) {
        line.push(() => begin(socket, response, serve));
      } else {
        socket.destroy();
      }
    },
    isBusy: (socket) => waiting.has(socket),
  };
}
