import type { ApprovalDetail, ApprovalStatus } from "#api";
import { type ApprovalRequest, withdrawalWords } from "#approvals";

/** What the requester may see: how it stands, and why not. */
export function statusOf(request: ApprovalRequest): ApprovalStatus {
  const { withdrawnBecause: because } = request;
  const reasons = request.votes.flatMap(({ verdict, reason }) =>
    verdict === "deny" && reason !== undefined ? [reason] : [],
  );
  return {
    id: request.id,
    state: request.state,
    decideBy: request.decideBy.toISOString(),
    ...(request.executeBy === undefined ? {} : { executeBy: request.executeBy.toISOString() }),
    ...(request.state === "denied" && reasons.length > 0 ? { denialReason: reasons.join("; ") } : {}),
    ...(because === undefined ? {} : { withdrawnBecause: withdrawalWords[because] }),
  };
}

/** What an approver sees. */
export function detailOf(request: ApprovalRequest): ApprovalDetail {
  const { requester } = request;
  return {
    ...statusOf(request),
    requester: {
      subject: requester.subject,
      ...(requester.email === undefined ? {} : { email: requester.email }),
    },
    agent: request.agent,
    connection: request.connection,
    operation: request.operationId,
    class: request.operationClass,
    resource: request.resourceName,
    preview: request.preview,
    fingerprint: request.fingerprint,
    requirements: request.requirements.map(({ policy, rule, groups, approvals, each }) => ({
      policy,
      rule,
      groups: [...groups],
      approvals,
      each,
    })),
    votes: request.votes.map(({ approver, verdict, at }) => ({
      approver: approver.email ?? approver.subject,
      verdict,
      at: at.toISOString(),
    })),
    createdAt: request.createdAt.toISOString(),
  };
}
