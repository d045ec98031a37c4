import type { JsonValue, NewEntry } from "#audit";
import { headerValues } from "#lib/headers";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { ClearedRequest, RecordedRequest } from "../exchange.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { withoutHandles } from "../without-handles.ts";
import { ruleName } from "./decide.ts";

/** Makes the intent durable. Only what comes out of here can be forwarded. */
export function recordIntentStage({ audit, log }: Pick<DataPlanePorts, "audit" | "log">) {
  return async (request: ClearedRequest): Promise<RecordedRequest | Refusal> => {
    try {
      return { ...request, intent: await audit.append(intentEntry(request)) };
    } catch (error) {
      log.error(
        { err: error, exchangeId: request.exchangeId },
        "cannot record an intent; refusing the exchange",
      );
      return refusal("not_recordable", request, "the intent could not be recorded");
    }
  };
}

function intentEntry(request: ClearedRequest): NewEntry {
  const { outgoing, decision, call, approvalId } = request;
  return {
    kind: "exchange.intent",
    sessionId: request.caller.session.id,
    exchangeId: request.exchangeId,
    ...(approvalId === undefined ? {} : { approvalId }),
    operation: call.operation.id,
    class: call.operation.class,
    decision: decision.effect,
    policyVersion: decision.policyVersion,
    // A streamed body is not known yet; the outcome commits to it.
    ...(outgoing.kind === "buffered"
      ? { requestBody: { sha256: outgoing.sha256, bytes: outgoing.bytes.length } }
      : {}),
    detail: exchangeDetail(request),
  };
}

/** What was not understood may carry somebody's token or signature in its query: only the names are kept. */
export function recordableTarget({
  target,
  call,
}: {
  target: string;
  call?: ClearedRequest["call"];
}): string {
  const [path = "", ...query] = target.split("?");
  if (call !== undefined || query.length === 0) return withoutHandles(target);
  return `${path}?${query.join("?").replace(/=[^&]*/g, "=...")}`;
}

/** Who, what and where, in clear. The target is the agent's, with digests of handles in place of signatures. */
export function exchangeDetail(
  request: Pick<ClearedRequest, "method" | "host" | "target" | "headers"> & Partial<ClearedRequest>,
): Record<string, JsonValue> {
  const { caller, call, decision, connection, judgedBy } = request;
  const [userAgent] = headerValues(request.headers, "user-agent");
  return {
    method: request.method,
    host: request.host,
    target: recordableTarget(request),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(caller === undefined
      ? {}
      : {
          principal: {
            id: caller.principal.id,
            issuer: caller.principal.issuer,
            subject: caller.principal.subject,
            ...(caller.principal.email === undefined ? {} : { email: caller.principal.email }),
          },
          agent: caller.session.agent,
          proof: caller.proof,
        }),
    ...(call === undefined ? {} : { operation: call.operation.id, resource: call.resource.name }),
    ...(call === undefined || judgedBy !== "body" ? {} : { classReason: call.operation.classReason }),
    ...(call?.resource.project === undefined ? {} : { project: call.resource.project }),
    ...(connection === undefined ? {} : { connection }),
    ...(decision === undefined
      ? {}
      : { reasons: decision.reasons.map(ruleName), observed: decision.observed.map(ruleName) }),
  };
}
