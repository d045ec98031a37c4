import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Clock } from "#lib/clock";
import { headerValues, pairHeaders, type RawHeader, singleHeader } from "#lib/headers";
import { limits } from "#lib/limits";
import type { ReceivedRequest } from "./exchange.ts";
import { framingFault, type Head } from "./framing.ts";
import { ownBase, type Place, placeOfPrefix, placeOfTunnel, placeOfUniverse } from "./place.ts";
import { type Refusal, refusal } from "./refusal.ts";
import type { RunningExchange } from "./running-exchanges.ts";
import type { Tunnel } from "./tunnels.ts";
import type { UniverseConnection } from "./universe-door.ts";

export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly exchangeId: string;
  readonly exchange: RunningExchange;
  /** The tunnel it came through, or what is known of a connection by a name of ours; without either only the prefix form is taken. */
  readonly tunnel: Tunnel | undefined;
  readonly universe: UniverseConnection | undefined;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  /** The address others know this listener by, where it was configured. */
  readonly ownUrl: string | undefined;
  readonly clock: Clock;
}

export interface Arrived {
  readonly received: ReceivedRequest;
  /** Set when the request may not enter the pipeline. */
  readonly refused: Refusal | undefined;
}

/** From what the parser gives us to our own request type; nothing is decoded and nothing normalised. */
export function arrive(arrival: Arrival): Arrived {
  const { request } = arrival;
  const headers = pairHeaders(request.rawHeaders);
  const head: Head = {
    method: request.method ?? "",
    target: request.url ?? "",
    httpVersion: request.httpVersion,
    headers,
  };
  const fault = framingFault(head);
  const place = placeOf(arrival, head);
  const received = receive(arrival, head, place);
  if (fault !== undefined) return { received, refused: refusal("malformed", received, fault) };
  if (place.fault === undefined) return { received, refused: undefined };
  return { received, refused: refusal(place.fault, received, place.detail) };
}

function placeOf({ request, tunnel, universe, ownUrl }: Arrival, head: Head): Place {
  if (tunnel !== undefined) return placeOfTunnel(head, tunnel);
  if (universe !== undefined) return placeOfUniverse(head, universe);
  return placeOfPrefix(head, ownUrl ?? ownBase(request));
}

function receive(arrival: Arrival, head: Head, place: Place): ReceivedRequest {
  const { exchangeId, exchange, tunnel, clock } = arrival;
  const bytes = bodyBytes(head.headers);
  return {
    exchangeId,
    receivedAt: clock.now(),
    host: place.host,
    method: head.method,
    target: place.target,
    headers: head.headers,
    body: bodyOf(arrival, bytes),
    bodyBytes: bytes,
    bearer: bearerOf(head.headers),
    proxySessionId: tunnel?.sessionId,
    urlOf: place.urlOf,
    gone: exchange.gone,
    sendInterim: interimSender(arrival),
  };
}

/**
 * The body, not read before somebody asks for it. A client that waits for permission to send gets it then: after it
 * was identified and understood, and judged, unless only its body says how to judge it; never before.
 */
function bodyOf(arrival: Arrival, bytes: number | undefined): Readable {
  const { request, response, expectsContinue } = arrival;
  if (bytes !== 0) limitStalls(request, response);
  if (!expectsContinue) return request;
  return Readable.from(
    (async function* () {
      response.writeContinue();
      yield* request.iterator({ destroyOnReturn: false });
    })(),
  );
}

/** A body that stops arriving ends its connection. Once it is whole the client may wait for as long as we hold it. */
function limitStalls(request: IncomingMessage, response: ServerResponse): void {
  request.socket.setTimeout(limits.bodyIdleTimeoutMs);
  request.once("end", () => {
    if (!response.headersSent) request.socket.setTimeout(0);
  });
}

function bodyBytes(headers: readonly RawHeader[]): number | undefined {
  if (headerValues(headers, "transfer-encoding").length > 0) return undefined;
  return Number(singleHeader(headers, "content-length") ?? 0);
}

/** RFC 6750 section 2.1; the scheme is compared without case (RFC 9110 section 11.1). */
function bearerOf(headers: readonly RawHeader[]): string | undefined {
  return /^bearer +([\w.~+/=-]+)$/i.exec(singleHeader(headers, "authorization") ?? "")?.[1];
}

function interimSender({ request, response }: Arrival): ReceivedRequest["sendInterim"] {
  return (status) => {
    // HTTP/1.0 knows no interim replies (RFC 9110 section 15.2), and behind another answer they would garble it.
    const isOurTurn = response.socket !== null && !response.headersSent;
    if (request.httpVersion !== "1.1" || !isOurTurn) return;
    if (status === 100) response.writeContinue();
    else response.socket.write("HTTP/1.1 103 Early Hints\r\n\r\n");
  };
}
