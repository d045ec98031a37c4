import type { VoteRequest } from "#api";
import type { ApprovalRequest } from "#approvals";
import type { Actor, Principal } from "#identity";
import { requirePermission } from "./asker.ts";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { ControlRefusal } from "./refusal.ts";

/**
 * One person's vote, from the command line or the browser. The desk counts; what is checked here is who asks, and that
 * they decide about what they saw.
 */
export async function castVote(
  actor: Actor,
  id: string,
  ballot: VoteRequest,
  ports: Pick<ControlPlanePorts, "approvals" | "clock">,
): Promise<ApprovalRequest> {
  requirePermission(actor, "approval.vote", ports);
  const { signedInAt, principal } = actor;
  if (signedInAt === undefined) throw new ControlRefusal("sign_in_not_fresh", "no time of sign-in");
  const request = await ports.approvals.find(id);
  if (request === undefined) throw new ControlRefusal("not_found", id);
  if (isSamePerson(request.requester, principal)) throw new ControlRefusal("own_request", id);
  if (request.fingerprint !== ballot.fingerprint) throw new ControlRefusal("request_changed", id);
  const vote = { approver: principal, verdict: ballot.verdict, reason: ballot.reason };
  const outcome = await ports.approvals.vote(id, vote, signedInAt);
  if (outcome.kind === "refused") throw new ControlRefusal(outcome.code, outcome.message);
  return outcome.request;
}

/** By id, and by verified address: one person may come through two accounts of a provider. */
export function isSamePerson(one: Principal, other: Principal): boolean {
  const isSameAddress = one.email !== undefined && one.email.toLowerCase() === other.email?.toLowerCase();
  return one.id === other.id || isSameAddress;
}
