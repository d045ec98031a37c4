import {
  type ApprovalRequest,
  type HeldBytes,
  isAllAsked,
  type Withdrawal,
  withdrawalWords,
} from "#approvals";
import { limits } from "#lib/limits";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type {
  ClearedRequest,
  DecidedRequest,
  IdentifiedRequest,
  ReadRequest,
  UnderstoodRequest,
} from "../exchange.ts";
import { goneCode } from "../gone.ts";
import { holdFor } from "../hold.ts";
import { requestSubject } from "../masking-subjects.ts";
import { bufferedBody, takeBody } from "../outgoing-body.ts";
import { isRefusal, type Refusal, type RefusalCode, refusal } from "../refusal.ts";
import { maskWhole, type OutgoingBody } from "../sent-body.ts";
import { allowedHeaders } from "../upstream-headers.ts";
import { withoutHandles } from "../without-handles.ts";
import { rereadBody } from "./read-body.ts";

export interface ApprovePorts
  extends Pick<
    DataPlanePorts,
    "authenticator" | "approvals" | "approvalKeys" | "catalogue" | "masking" | "connections"
  > {
  /** What was held is judged again before it runs: the policies may have changed while people thought. */
  readonly understand: (request: IdentifiedRequest) => UnderstoodRequest | Refusal;
  readonly decide: (request: ReadRequest) => DecidedRequest | Refusal;
  /** Aborted when the server stops: whoever waits is told so, and finds the approval request again afterwards. */
  readonly draining: AbortSignal;
}

/** Takes the body; where the decision demands approval, holds the call until people have decided. */
export function approveStage(ports: ApprovePorts) {
  // Owned here: exchanges waiting now, and bytes being read for review, in all sessions.
  let heldNow = 0;
  let reviewedBytes = 0;

  async function ask(request: DecidedRequest): Promise<ApprovalRequest | Refusal> {
    const size = Math.min(request.bodyBytes ?? limits.heldBodyBytesMax, limits.heldBodyBytesMax);
    if (reviewedBytes + size > limits.reviewedBytesTotalMax) {
      return refusal("too_many_approvals", request, "too many bodies are being read for review");
    }
    reviewedBytes += size;
    try {
      return await submit(request, ports);
    } finally {
      reviewedBytes -= size;
    }
  }

  async function hold(request: DecidedRequest, approval: ApprovalRequest): Promise<ApprovalRequest> {
    if (heldNow >= limits.heldRequestsTotalMax) return approval;
    heldNow += 1;
    try {
      return await waitFor(request, approval, ports);
    } finally {
      heldNow -= 1;
    }
  }

  return async (request: DecidedRequest): Promise<ClearedRequest | Refusal> => {
    if (needsApproval(request)) {
      const asked = await ask(request);
      return isRefusal(asked) ? asked : afterWaiting(request, await hold(request, asked), ports);
    }
    const outgoing = await takeOutgoing(request);
    return isRefusal(outgoing) ? outgoing : { ...request, outgoing, approvalId: undefined };
  };
}

/** Hands the call to the desk. The body is not kept here: whoever waits must not hold on to megabytes. */
async function submit(request: DecidedRequest, ports: ApprovePorts): Promise<ApprovalRequest | Refusal> {
  const outgoing = await takeOutgoing(request);
  if (isRefusal(outgoing)) return outgoing;
  const body = wholeBody(outgoing);
  if (body === undefined) {
    return refusal("approval_body_too_large", request, "a streamed body cannot be reviewed");
  }
  const asked = await ports.approvals.request(await newApproval(request, body, ports));
  return asked.kind === "too_many"
    ? refusal("too_many_approvals", request, "the desk is full")
    : asked.request;
}

/** An upload a person approved at its start needs no second approval for each of its parts. */
function needsApproval({ decision, capability }: DecidedRequest): boolean {
  return decision.effect === "require_approval" && capability?.isApproved !== true;
}

async function takeOutgoing(request: DecidedRequest): Promise<OutgoingBody | Refusal> {
  const isMedia = request.call.media === "upload" || request.capability !== undefined;
  const bytesMax = isMedia ? Number.MAX_SAFE_INTEGER : limits.structuredBodyBytesMax;
  const isHeld = needsApproval(request);
  const size = request.bodyBytes ?? 0;
  if (size > bytesMax) return refusal("body_too_large", request, `${size} bytes`);
  if (isHeld && size > limits.heldBodyBytesMax) {
    return refusal("approval_body_too_large", request, `${size} bytes`);
  }
  const bufferMax = isHeld ? limits.heldBodyBytesMax : limits.digestedBodyBytesMax;
  try {
    return await takeBody(request, { bufferMax, bytesMax });
  } catch {
    const code = request.gone.aborted ? goneCode(request.gone) : "body_unreadable";
    return refusal(code, request, "the body broke off");
  }
}

function wholeBody(outgoing: OutgoingBody): Uint8Array | undefined {
  switch (outgoing.kind) {
    case "empty":
      return new Uint8Array(0);
    case "buffered":
      return outgoing.bytes;
    case "stream":
      return undefined;
  }
}

async function newApproval(request: DecidedRequest, body: Uint8Array, ports: ApprovePorts) {
  const { caller, call } = request;
  return {
    fingerprint: ports.approvalKeys.fingerprint(request, body),
    matchKey: ports.approvalKeys.matchKey(request, body),
    exchangeId: request.exchangeId,
    sessionId: caller.session.id,
    requester: caller.principal,
    agent: caller.session.agent,
    connection: request.connection,
    connectionVersion: request.connectionVersion,
    operationId: call.operation.id,
    operationClass: call.operation.class,
    resourceName: call.resource.name,
    preview: await previewOf(request, body, ports),
    requirements: request.decision.approvals,
    policyVersion: request.decision.policyVersion,
    held: heldBytes(request, body),
  };
}

function heldBytes(request: DecidedRequest, body: Uint8Array): HeldBytes {
  const { method, host, target, headers } = request;
  // The client's own token is not among these: whoever opens the seal finds nothing to sign in with.
  return { method, host, target, headers: allowedHeaders(headers), body };
}

async function previewOf(request: DecidedRequest, body: Uint8Array, ports: ApprovePorts): Promise<string> {
  const { operation } = request.call;
  const judged = request.judgedBy === "body" ? `\n(${operation.class}: ${operation.classReason})` : "";
  const line = `${request.method} https://${request.host}${withoutHandles(request.target)}${judged}`;
  if (body.length === 0) return line;
  const masked = await maskWhole(body, ports.masking.plan(requestSubject(request, ports)));
  if (masked === undefined) return `${line}\n\n(${body.length} bytes that cannot be shown)`;
  const shown = Buffer.from(masked.bytes.subarray(0, limits.approvalPreviewBytesMax)).toString("utf8");
  if (!masked.isTruncated && masked.bytes.length <= limits.approvalPreviewBytesMax) {
    return `${line}\n\n${shown}`;
  }
  // Before what the agent wrote: below it, nobody scrolls that far, and the agent could have written it too.
  return `${line}\n\n(only the beginning is shown; the whole body, ${body.length} bytes, would run)\n\n${shown}`;
}

/** Waits in slices, with an interim reply after each, for as long as this kind of client can be kept. */
async function waitFor(
  request: DecidedRequest,
  asked: ApprovalRequest,
  { approvals, draining }: ApprovePorts,
): Promise<ApprovalRequest> {
  const { atMostMs, interim } = holdFor(request.headers);
  const signal = AbortSignal.any([request.gone, draining]);
  let approval = asked;
  let waitedMs = 0;
  const isOn = (): boolean => approval.state === "pending" && waitedMs < atMostMs && !signal.aborted;
  while (isOn()) {
    const timeoutMs = Math.min(interim?.everyMs ?? atMostMs, atMostMs - waitedMs);
    approval = await approvals.wait(approval.id, { timeoutMs, signal });
    waitedMs += timeoutMs;
    if (isOn() && interim !== undefined) request.sendInterim(interim.status);
  }
  return approval;
}

async function afterWaiting(
  request: DecidedRequest,
  approval: ApprovalRequest,
  ports: ApprovePorts,
): Promise<ClearedRequest | Refusal> {
  // An answer that nobody takes would be lost, and with it the one execution: it waits for the client to return.
  if (request.gone.aborted) {
    return refusal(goneCode(request.gone), request, `gone while ${approval.state}`, { approval });
  }
  switch (approval.state) {
    case "approved":
      return claimAndRejudge(request, approval, ports);
    case "denied":
      return refusal("approval_denied", request, "denied by a person", {
        approval,
        ...denialWords(approval),
      });
    case "pending":
    case "expired":
    case "lapsed":
    case "cancelled":
    case "executing":
    case "executed":
    case "unknown":
      return refusal(codeFor(approval.state), request, endOf(approval), { approval, ...endWords(approval) });
  }
}

function endOf({ state, withdrawnBecause: because }: ApprovalRequest): string {
  return because === undefined ? state : `${state}: ${withdrawalWords[because]}`;
}

function endWords({ withdrawnBecause: because }: ApprovalRequest): { say?: string } {
  return because === undefined ? {} : { say: withdrawalWords[because] };
}

function codeFor(state: Exclude<ApprovalRequest["state"], "approved" | "denied">): RefusalCode {
  switch (state) {
    case "pending":
      return "approval_pending";
    case "expired":
    case "lapsed":
    case "cancelled":
      return "approval_expired";
    case "executing":
    case "executed":
    case "unknown":
      return "approval_used";
  }
}

/**
 * The claim succeeds once, whoever else waits. From here on the bytes that were reviewed are the request; those this
 * client sent served only to find them. They are understood and judged again first, while refusing costs nothing.
 */
async function claimAndRejudge(
  request: DecidedRequest,
  approval: ApprovalRequest,
  ports: ApprovePorts,
): Promise<ClearedRequest | Refusal> {
  // Its session may have lost the role while people thought; a stopped one was let go of already.
  const still = await ports.authenticator.recheck(request.caller.session.id);
  if (still.kind === "refused") return refusal(still.code, request, still.detail, { approval });
  // Its body is no longer here; what was read in it is.
  const { call, judgedBy } = request;
  const asRead = { ...request, read: (again: UnderstoodRequest) => ({ ...again, call, judgedBy }) };
  const now = judge(request, asRead, approval, ports);
  if (isRefusal(now)) return now;
  const claim = await ports.approvals.claim(approval.id, approval.fingerprint);
  if (claim.kind === "refused") {
    const code =
      claim.state === "approved" || claim.state === "denied" ? "approval_expired" : codeFor(claim.state);
    return refusal(code, request, `not claimed: ${claim.state}`, { approval });
  }
  const { held } = claim;
  const asHeld = { ...held, read: (again: UnderstoodRequest) => rereadBody(again, held.body, ports) };
  const judged = judge(request, asHeld, approval, ports);
  if (isRefusal(judged)) return { ...judged, request: { ...judged.request, approvalId: approval.id } };
  return { ...judged, outgoing: bufferedBody(held.body), approvalId: approval.id };
}

/** What is judged again, and how its body is. */
interface Rerun extends Pick<HeldBytes, "method" | "host" | "target" | "headers"> {
  readonly read: (again: UnderstoodRequest) => ReadRequest;
}

/** Refuses also what is allowed under other rules than people answered under: those may have asked more of them. */
function judge(
  request: DecidedRequest,
  { method, host, target, headers, read }: Rerun,
  approval: ApprovalRequest,
  ports: ApprovePorts,
): DecidedRequest | Refusal {
  const understood = ports.understand({ ...request, method, host, target, headers });
  const decided = isRefusal(understood) ? understood : ports.decide(read(understood));
  if (isRefusal(decided)) return { ...decided, approval };
  const because = changedSince(approval, decided);
  if (because === undefined) return decided;
  const words = withdrawalWords[because];
  return refusal("approval_expired", decided, words, { approval, say: words });
}

function changedSince(approval: ApprovalRequest, decided: DecidedRequest): Withdrawal | undefined {
  if (decided.decision.policyVersion !== approval.policyVersion) return "policies_changed";
  // A condition may look at the time: the same policies can ask more people now. What is plainly allowed asks nobody.
  if (!isAllAsked(decided.decision.approvals, approval.requirements)) return "requirements_changed";
  const isSame =
    decided.connection === approval.connection && decided.connectionVersion === approval.connectionVersion;
  return isSame ? undefined : "connection_changed";
}

/** An approver's words reach the agent as words: one line, bounded, no control characters. */
function denialWords(approval: ApprovalRequest): { say?: string } {
  const reasons = approval.votes.flatMap(({ verdict, reason }) =>
    verdict === "deny" && reason !== undefined && reason !== "" ? [reason] : [],
  );
  if (reasons.length === 0) return {};
  const line = reasons.join("; ").replace(/\p{C}+/gu, " ");
  return { say: line.slice(0, 500) };
}
