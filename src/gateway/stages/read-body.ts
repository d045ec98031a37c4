import { headerValues, type RawHeader } from "#lib/headers";
import { limits } from "#lib/limits";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { ReadRequest, UnderstoodRequest } from "../exchange.ts";
import { goneCode } from "../gone.ts";
import { type PeekedBody, peekBody } from "../outgoing-body.ts";
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
      const peeked = await peekBody(request, {
        bytesMax: limits.judgedBodyBytesMax,
        // Of an upload the first part is enough.
        wantsBeginning: request.call.media === "upload",
      });
      return judgeBody({ ...request, ...peeked.request }, peeked, ports);
    } catch {
      const code = request.gone.aborted ? goneCode(request.gone) : "body_unreadable";
      return refusal(code, request, "the body broke off");
    }
  };
}

/** Of bytes that were held back, as they run: judged like those that came off the wire. */
export function rereadBody(request: UnderstoodRequest, bytes: Uint8Array, ports: ReadBodyPorts): ReadRequest {
  if (!needsBody(request, ports)) return { ...request, judgedBy: "line" };
  const isRead = bytes.length <= limits.judgedBodyBytesMax;
  // More than was read when it arrived is not read now: the answer would be another, and everybody would wait for it.
  const beginning = isRead ? undefined : bytes.subarray(0, limits.judgedBodyBytesMax);
  return judgeBody(request, { bytes: isRead ? bytes : undefined, beginning }, ports);
}

/** What goes to a URL that carries its own permission belongs to the call that opened it, which was judged then. */
function needsBody({ call, capability, headers }: UnderstoodRequest, { catalogue }: ReadBodyPorts): boolean {
  return capability === undefined && catalogue.readsBody(call, contentTypeOf(headers));
}

/** Two of them are none that anybody could name. */
function contentTypeOf(headers: readonly RawHeader[]): string | undefined {
  const values = headerValues(headers, "content-type");
  return values.length === 0 ? undefined : values.join(", ");
}

function judgeBody(
  request: UnderstoodRequest,
  { bytes, beginning }: Pick<PeekedBody, "bytes" | "beginning">,
  { catalogue }: ReadBodyPorts,
): ReadRequest {
  const { headers } = request;
  const call = catalogue.judgeBody(request.call, {
    contentType: contentTypeOf(headers),
    contentEncodings: [
      ...headerValues(headers, "content-encoding"),
      ...headerValues(headers, "content-transfer-encoding"),
    ],
    bytes,
    beginning,
  });
  return { ...request, call, judgedBy: call.operation === request.call.operation ? "line" : "body" };
}
