import type { ApprovalRequest, ApprovalState, ApprovalStore } from "#approvals";

interface Kept {
  request: ApprovalRequest;
  sealed: Uint8Array | undefined;
  decidedAt: Date | undefined;
}

const isOpen = (state: ApprovalState): boolean => ["pending", "approved", "executing"].includes(state);

/** Approval requests in memory, under the same contract as the database. */
export function memoryApprovalStore(): ApprovalStore {
  const kept = new Map<string, Kept>();
  const all = (): Kept[] => [...kept.values()].sort((a, b) => (a.request.id < b.request.id ? 1 : -1));
  const move = (each: Kept, state: ApprovalState, change: Partial<ApprovalRequest> = {}): void => {
    each.request = { ...each.request, ...change, state };
    if (!isOpen(state)) each.sealed = undefined;
  };
  const moveAll = (test: (request: ApprovalRequest) => ApprovalState | undefined): string[] =>
    all().flatMap((each) => {
      const state = test(each.request);
      if (state === undefined) return [];
      move(each, state, { isRecorded: false });
      return [each.request.id];
    });
  return {
    insert: async (request, sealed, caps) => {
      const open = all().filter((each) => isOpen(each.request.state));
      if (open.some((each) => each.request.matchKey === request.matchKey)) return "exists";
      const pending = open.filter(
        ({ request: { state, sessionId } }) => state === "pending" && sessionId === request.sessionId,
      );
      const bytes = open.reduce((sum, each) => sum + (each.sealed?.length ?? 0), sealed.length);
      const undecided = open.filter((each) => each.request.state !== "executing");
      if (pending.length >= caps.pendingPerSession || undecided.length >= caps.openTotal) return "too_many";
      if (bytes > caps.sealedBytesTotal) return "too_many";
      kept.set(request.id, { request, sealed, decidedAt: undefined });
      return "inserted";
    },
    find: async (id) => kept.get(id)?.request,
    findByMatchKey: async (matchKey, deniedAfter) => {
      const found = all().filter((each) => each.request.matchKey === matchKey);
      const open = found.find((each) => isOpen(each.request.state));
      const isRecent = ({ decidedAt }: Kept): boolean => decidedAt !== undefined && decidedAt > deniedAfter;
      return (open ?? found.find((each) => each.request.state === "denied" && isRecent(each)))?.request;
    },
    list: async ({ state, requesterId }, limit) =>
      all()
        .map(({ request }) => request)
        .filter((request) => state === undefined || request.state === state)
        .filter((request) => requesterId === undefined || request.requester.id === requesterId)
        .slice(0, limit),
    addVote: async (id, vote, step) => {
      const each = kept.get(id);
      if (each === undefined || each.request.state !== "pending" || each.request.decideBy <= vote.at)
        return false;
      const { votes, isRecorded } = each.request;
      if (votes.length !== step.votesSeen) return false;
      if (votes.some(({ approver }) => approver.id === vote.approver.id)) return false;
      if (step.state !== "pending") each.decidedAt = vote.at;
      move(each, step.state, {
        votes: [...votes, vote],
        executeBy: step.executeBy,
        isRecorded: step.state === "pending" && isRecorded,
      });
      return true;
    },
    claim: async (id, fingerprint, now) => {
      const each = kept.get(id);
      if (each?.request.state !== "approved" || !each.request.isRecorded) return undefined;
      const { executeBy } = each.request;
      if (each.request.fingerprint !== fingerprint || executeBy === undefined || executeBy <= now)
        return undefined;
      move(each, "executing");
      return each.sealed;
    },
    settle: async (id, outcome) => {
      const each = kept.get(id);
      if (each?.request.state !== "executing") return false;
      move(each, outcome);
      return true;
    },
    cancel: async (id, withdrawnBecause) => {
      const ids = moveAll((request) =>
        request.id === id && ["pending", "approved"].includes(request.state) ? "cancelled" : undefined,
      );
      const each = kept.get(id);
      if (ids.length === 1 && each !== undefined) each.request = { ...each.request, withdrawnBecause };
      return ids.length === 1;
    },
    expireOverdue: async (now) =>
      moveAll(({ state, decideBy, executeBy }) => {
        if (state === "pending" && decideBy <= now) return "expired";
        return state === "approved" && executeBy !== undefined && executeBy <= now ? "lapsed" : undefined;
      }),
    abandonExecuting: async () => moveAll(({ state }) => (state === "executing" ? "unknown" : undefined)),
    markRecorded: async (id, state) => {
      const each = kept.get(id);
      if (each?.request.state === state) each.request = { ...each.request, isRecorded: true };
    },
    unrecorded: async () =>
      all()
        .map(({ request }) => request)
        .filter(({ isRecorded }) => !isRecorded)
        .reverse(),
    nextDeadline: async () => {
      const deadlines = all().flatMap(({ request: { state, decideBy, executeBy } }) => {
        if (state === "pending") return [decideBy];
        return state === "approved" && executeBy !== undefined ? [executeBy] : [];
      });
      return deadlines.sort((a, b) => a.getTime() - b.getTime())[0];
    },
  };
}
