import type { NewEntry, Receipt } from "#audit";
import type { StrangerQuota } from "#lib/stranger-quota";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { Answer } from "../exchange.ts";
import { type Refusal, wasForwarded } from "../refusal.ts";
import { refusalAnswer } from "../refusal-answer.ts";
import { exchangeDetail } from "./record-intent.ts";

export interface RefusePorts extends Pick<DataPlanePorts, "audit" | "approvals" | "approvalUrl" | "log"> {
  readonly strangers: StrangerQuota;
}

/**
 * Puts a refusal on record, then into words. What strangers send is counted once it comes too fast, so that nobody
 * without a session can fill the log. A refusal that cannot be recorded is still a refusal.
 */
export function refuseStage(ports: RefusePorts) {
  async function record(refusal: Refusal): Promise<Receipt | undefined> {
    const isStranger = sessionOf(refusal) === undefined;
    if (isStranger && !ports.strangers.take()) return undefined;
    return ports.audit.append(refusalEntry(refusal, isStranger ? ports.strangers.unlisted() : 0));
  }

  return async (refusal: Refusal): Promise<Answer> => {
    const { approvalId, exchangeId } = refusal.request;
    const receipt = await record(refusal).catch((error: unknown) => {
      ports.log.error({ err: error, exchangeId, code: refusal.code }, "cannot record a refusal");
      return undefined;
    });
    if (approvalId !== undefined) await settle(refusal, approvalId, ports);
    ports.log.info({ exchangeId, code: refusal.code, detail: refusal.detail }, "refused");
    return refusalAnswer(refusal, { receipt, approvalUrl: ports.approvalUrl });
  };
}

/** An approval that was claimed is spent, even if its call went wrong: nobody may run it a second time unseen. */
async function settle(refusal: Refusal, approvalId: string, ports: RefusePorts): Promise<void> {
  const outcome = refusal.upstreamStatus === undefined ? "unknown" : "executed";
  await ports.approvals.settle(approvalId, outcome).catch((error: unknown) => {
    ports.log.error({ err: error, approvalId }, "cannot settle an approval");
  });
}

function refusalEntry(refusal: Refusal, othersUnlisted: number): NewEntry {
  const { request, code, detail, upstreamStatus } = refusal;
  const approvalId = refusal.approval?.id ?? request.approvalId;
  const sessionId = sessionOf(refusal);
  return {
    kind: kindOf(refusal),
    ...(sessionId === undefined ? {} : { sessionId }),
    exchangeId: request.exchangeId,
    ...(approvalId === undefined ? {} : { approvalId }),
    ...(request.call === undefined
      ? {}
      : { operation: request.call.operation.id, class: request.call.operation.class }),
    decision: code,
    ...(request.decision === undefined ? {} : { policyVersion: request.decision.policyVersion }),
    ...(upstreamStatus === undefined ? {} : { status: upstreamStatus }),
    detail: {
      ...exchangeDetail(request),
      code,
      cause: detail,
      ...(othersUnlisted > 0 ? { othersUnlisted } : {}),
    },
  };
}

/** Inside a tunnel the session was proven when it was opened, even if this request never got as far as saying who it is. */
function sessionOf({ request }: Refusal): string | undefined {
  return request.caller?.session.id ?? request.proxySessionId;
}

function kindOf(refusal: Refusal): NewEntry["kind"] {
  if (refusal.upstreamStatus !== undefined) return "exchange.outcome";
  // Its intent is on record, so its end must be too, whether or not anything was sent.
  if (wasForwarded(refusal) || refusal.request.intent !== undefined) return "exchange.aborted";
  return sessionOf(refusal) === undefined ? "auth.refused" : "exchange.refused";
}
