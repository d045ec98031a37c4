import { isDeepStrictEqual } from "node:util";
import type { Principal } from "#identity";
import { limits } from "#lib/limits";
import type { ApprovalRequirement } from "#policy";
import type { VoteRefusal } from "./approval-desk.ts";
import type { ApprovalRequest, Vote } from "./approval-request.ts";

/** One human being, whichever identity provider vouches. Only verified e-mails get as far as a principal. */
export function isSamePerson(one: Principal, other: Principal): boolean {
  return (
    one.id === other.id ||
    (one.issuer === other.issuer && one.subject === other.subject) ||
    (one.email !== undefined && one.email.toLowerCase() === other.email?.toLowerCase())
  );
}

/** Why somebody may not vote on a request now; `undefined` when they may. */
export function voteRefusal(
  request: ApprovalRequest,
  approver: Principal,
  { now, signedInAt }: { readonly now: Date; readonly signedInAt: Date },
): VoteRefusal | undefined {
  const isQualified = request.requirements.some((requirement) => mayCount(requirement, approver));
  if (!isFresh(signedInAt, now)) return "sign_in_not_fresh";
  if (request.state !== "pending" || request.decideBy <= now) return "not_pending";
  if (isSamePerson(request.requester, approver)) return "own_request";
  if (!isQualified) return "not_in_group";
  return request.votes.some((vote) => isSamePerson(vote.approver, approver)) ? "already_voted" : undefined;
}

/** A token could have been stored by an agent on the approver's machine; a person signed in minutes ago was there. */
function isFresh(signedInAt: Date, now: Date): boolean {
  const ageMs = now.getTime() - signedInAt.getTime();
  return ageMs >= -limits.approverSignInSkewMs && ageMs <= limits.approverSignInAgeMsMax;
}

/** Whether a request is put to somebody: whose vote could never count has no business seeing it. */
export function isAskedOf({ requirements }: ApprovalRequest, approver: Principal): boolean {
  return requirements.some((requirement) => mayCount(requirement, approver));
}

function mayCount({ groups }: ApprovalRequirement, { groups: own }: Principal): boolean {
  return own.some((group) => groups.includes(group));
}

/** Whether the approvals so far satisfy every requirement. Nothing required is not satisfied: nobody would have looked. */
export function isSatisfied(requirements: readonly ApprovalRequirement[], votes: readonly Vote[]): boolean {
  const approvers = distinct(
    votes.filter(({ verdict }) => verdict === "approve").map(({ approver }) => approver),
  );
  return requirements.length > 0 && requirements.every((requirement) => satisfies(requirement, approvers));
}

/** Whether whoever was asked for `asked` was asked for all that is `required`; more is no harm. */
export function isAllAsked(
  required: readonly ApprovalRequirement[],
  asked: readonly ApprovalRequirement[],
): boolean {
  return required.every((one) => asked.some((other) => isDeepStrictEqual(one, other)));
}

function distinct(people: readonly Principal[]): Principal[] {
  return people.filter(
    (person, index) => !people.slice(0, index).some((earlier) => isSamePerson(earlier, person)),
  );
}

function satisfies(requirement: ApprovalRequirement, approvers: readonly Principal[]): boolean {
  const counting = approvers.filter((approver) => mayCount(requirement, approver));
  return counting.length >= Math.max(1, requirement.approvals) && fillsEachGroup(requirement, counting);
}

/**
 * `each` from every group, and nobody for two of them: a person who is in both groups still counts once. Whether people
 * can be shared out that way is a bipartite matching, found by moving people on as long as that helps.
 */
function fillsEachGroup({ groups, each }: ApprovalRequirement, people: readonly Principal[]): boolean {
  const seats = groups.flatMap((group) => Array.from({ length: each }, () => group));
  const seatOf = new Map<Principal, number>();
  const take = (seat: number, tried: Set<Principal>): boolean => {
    const group = seats[seat];
    for (const person of people) {
      if (group === undefined || tried.has(person) || !person.groups.includes(group)) continue;
      tried.add(person);
      const taken = seatOf.get(person);
      if (taken === undefined || take(taken, tried)) {
        seatOf.set(person, seat);
        return true;
      }
    }
    return false;
  };
  return seats.every((_, seat) => take(seat, new Set()));
}
