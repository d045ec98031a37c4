import { headerValues, singleHeader } from "#lib/headers";
import { limits } from "#lib/limits";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { ReadRequest, UnderstoodRequest } from "../exchange.ts";
import { peekBody } from "../outgoing-body.ts";
import { type Refusal, refusal } from "../refusal.ts";

export type ReadBodyPorts = Pick<DataPlanePorts, "catalogue">;

/**
 * How bad this very call is, where only its body says so. A client that waits for `100 Continue` gets it here, as whoever asks
 * for the body asks for it. Too long a body is no refusal: the worst case stands, and all of it goes on.
 */
export function readBodyStage(ports: ReadBodyPorts) {
  return async (request: UnderstoodRequest): Promise<ReadRequest | Refusal> => {
    if (!needsBody(request, ports)) return { ...request, judgedBy: "line" };
    try {
      const peeked = await peekBody(request, limits.judgedBodyBytesMax);
      return judgeBody({ ...request, ...peeked.request }, peeked.bytes, ports);
    } catch {
      const code = request.gone.aborted ? "client_gone" : "body_unreadable";
      return refusal(code, request, "the body broke off");
    }
  };
}

/** Of bytes that were held back, as they run: judged like those that came off the wire. */
export function rereadBody(request: UnderstoodRequest, bytes: Uint8Array, ports: ReadBodyPorts): ReadRequest {
  return needsBody(request, ports) ? judgeBody(request, bytes, ports) : { ...request, judgedBy: "line" };
}

/** What goes to a URL that carries its own permission belongs to the call that opened it, which was judged then. */
function needsBody({ call, capability }: UnderstoodRequest, { catalogue }: ReadBodyPorts): boolean {
  return capability === undefined && catalogue.readsBody(call);
}

function judgeBody(
  request: UnderstoodRequest,
  bytes: Uint8Array | undefined,
  { catalogue }: ReadBodyPorts,
): ReadRequest {
  const { headers } = request;
  const call = catalogue.judgeBody(request.call, {
    contentType: singleHeader(headers, "content-type"),
    contentEncodings: headerValues(headers, "content-encoding"),
    bytes,
  });
  return { ...request, call, judgedBy: call.operation === request.call.operation ? "line" : "body" };
}
