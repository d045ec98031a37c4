import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { addressOfUrl, type ProxyHop } from "./proxy-hop.ts";
import { formatTarget, type Target } from "./route.ts";

/** What became of asking a proxy for a tunnel. */
export type TunnelOutcome =
  | { readonly kind: "open"; readonly socket: Duplex; readonly head: Buffer }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly contentType: string;
      readonly body: Buffer;
    };

/** Connects straight to the target. Throws `connect_failed`. */
export function openDirect(target: Target, signal: AbortSignal): Promise<TunnelOutcome> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port });
    const fail = (cause: Error): void => {
      socket.destroy();
      reject(connectFailed(formatTarget(target), cause));
    };
    socket.setTimeout(limits.egressConnectTimeoutMs, () => fail(new Error("it did not answer in time")));
    signal.addEventListener("abort", () => fail(new Error("the client went away")), { once: true });
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      socket.setTimeout(0);
      resolve({ kind: "open", socket, head: Buffer.alloc(0) });
    });
  });
}

/** Asks a proxy for a tunnel (RFC 9110 section 9.3.6). Throws `connect_failed`. */
export function openThroughProxy(hop: ProxyHop, target: Target, signal: AbortSignal): Promise<TunnelOutcome> {
  const authority = formatTarget(target);
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(connectFailed(hop.url.host, cause));
    const send = hop.url.protocol === "https:" ? httpsRequest : httpRequest;
    const address = addressOfUrl(hop.url);
    const request = send({
      ...address,
      // Otherwise Node takes the Host header, which names the target, for the name of the proxy.
      servername: isIP(address.host) === 0 ? address.host : "",
      method: "CONNECT",
      path: authority,
      headers: {
        host: authority,
        ...(hop.authorization === undefined ? {} : { "proxy-authorization": hop.authorization }),
      },
      agent: false,
      signal,
    });
    request.setTimeout(limits.egressConnectTimeoutMs, () => {
      request.destroy(new Error("it did not answer in time"));
    });
    request.once("error", fail);
    request.once("connect", (answer: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.setTimeout(0);
      if (answer.statusCode === 200) resolve({ kind: "open", socket, head });
      else readRefusal(answer, socket, head).then(resolve, fail);
    });
    request.end();
  });
}

/** Node leaves the body of a refused CONNECT on the socket: until its length, the end of the connection, or our limit. */
async function readRefusal(answer: IncomingMessage, socket: Socket, head: Buffer): Promise<TunnelOutcome> {
  const announced = Number(answer.headers["content-length"] ?? limits.refusalBodyBytesMax);
  const wanted = Math.min(Number.isNaN(announced) ? 0 : announced, limits.refusalBodyBytesMax);
  return {
    kind: "refused",
    status: answer.statusCode ?? 502,
    contentType: answer.headers["content-type"] ?? "text/plain; charset=utf-8",
    body: await readUpTo(socket, head, wanted),
  };
}

function readUpTo(socket: Socket, head: Buffer, wanted: number): Promise<Buffer> {
  return new Promise((resolve) => {
    let body = head;
    const take = (chunk: Buffer): void => {
      body = Buffer.concat([body, chunk]);
      if (body.length >= wanted) socket.destroy();
    };
    socket.setTimeout(limits.egressConnectTimeoutMs, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(body.subarray(0, wanted)));
    socket.on("data", take);
    take(Buffer.alloc(0));
  });
}

function connectFailed(where: string, cause: Error): GatehouseError {
  return new GatehouseError("connect_failed", `Cannot reach ${where}: ${cause.message}.`, { cause });
}

/**
 * Lets bytes flow both ways until one side is gone, then ends the other: a client that was killed must not leave a
 * held request behind, nor a finished answer a half-open socket.
 */
export function join(client: Duplex, upstream: Duplex): void {
  oneWay(client, upstream);
  oneWay(upstream, client);
}

function oneWay(from: Duplex, to: Duplex): void {
  from.on("error", () => from.destroy());
  from.on("end", () => endSoon(to));
  from.on("close", () => {
    // After a proper end `to` still has bytes to write; after anything else it has nothing more to expect.
    if (to.writableEnded && !to.writableFinished) to.once("finish", () => to.destroy());
    else to.destroy();
  });
  from.pipe(to);
}

/** Half closed: what the other side still has to say gets a last chance. */
function endSoon(stream: Duplex): void {
  const timer = setTimeout(() => stream.destroy(), limits.tunnelHalfClosedMsMax);
  timer.unref();
  stream.once("close", () => clearTimeout(timer));
}
