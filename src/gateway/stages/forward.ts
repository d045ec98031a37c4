import { errors } from "undici";
import type { Connection } from "#connections";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { AnsweredExchange, RecordedRequest } from "../exchange.ts";
import { goneCode } from "../gone.ts";
import { requestSubject } from "../masking-subjects.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { sentBody } from "../sent-body.ts";
import { callUpstream } from "../upstream-call.ts";
import { upstreamHeaders } from "../upstream-headers.ts";

export type ForwardPorts = Pick<DataPlanePorts, "connections" | "upstream" | "masking" | "log">;

/** Sends what is on record to the one upstream its connection names, with that connection's credential. */
export function forwardStage(ports: ForwardPorts) {
  return async (request: RecordedRequest): Promise<AnsweredExchange | Refusal> => {
    const connection = ports.connections.find(request.connection);
    // The configuration may have changed since it was decided.
    if (connection === undefined) {
      return refusal("credential_unavailable", request, "its connection is no longer configured");
    }
    if (request.gone.aborted) {
      return refusal(goneCode(request.gone), request, "gone before anything was sent");
    }
    const credential = await ports.connections.credential(connection).catch((error: unknown) => {
      ports.log.error({ err: error, connection: connection.name }, "no upstream credential");
      return undefined;
    });
    if (credential === undefined) return refusal("credential_unavailable", request, "no upstream credential");
    // Asked last, as another account's key may have been put in place of this one while all that went on.
    if (ports.connections.versionOf(request.connection) !== request.connectionVersion)
      return refusal("credential_unavailable", request, "its connection was changed after it was decided");

    const plan = ports.masking.plan(requestSubject(request, ports));
    const sent = sentBody(request.outgoing, plan);
    const origin = originOf(request, connection);
    try {
      const reply = await callUpstream(ports.upstream(connection), {
        origin,
        method: request.method,
        target: request.upstreamTarget,
        headers: upstreamHeaders(request, connection, credential),
        payload: sent.payload,
        signal: request.gone,
      });
      return { request, sent, answer: { ...reply, authority: new URL(origin).host } };
    } catch (error) {
      ports.log.warn({ err: error, exchangeId: request.exchangeId, origin }, "upstream failed");
      return failure(request, error);
    }
  };
}

function originOf(request: RecordedRequest, { endpoint }: Connection): string {
  return endpoint === undefined ? `https://${request.call.host}` : endpoint.origin;
}

function failure(request: RecordedRequest, error: unknown): Refusal {
  if (request.gone.aborted) return refusal(goneCode(request.gone), request, "gone before the answer began");
  const isTimeout =
    error instanceof errors.HeadersTimeoutError || error instanceof errors.ConnectTimeoutError;
  // Only the kind of error goes on record: its text may quote what was sent.
  const kind = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  return refusal(isTimeout ? "upstream_timeout" : "upstream_failed", request, kind);
}
