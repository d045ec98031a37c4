import type { ApprovalDesk, ApprovalRequest, ApprovalState, HeldBytes, NewApprovalRequest } from "#approvals";

export interface ManualApprovalDesk extends Pick<ApprovalDesk, "request" | "wait" | "claim" | "settle"> {
  readonly requests: Map<string, ApprovalRequest>;
  readonly settled: { id: string; outcome: "executed" | "unknown" }[];
  readonly waits: { id: string; timeoutMs: number }[];
  /** Moves a request on, as people's votes would. */
  move(id: string, state: ApprovalState, change?: Partial<ApprovalRequest>): void;
  /** Lets the waits that are open now run out. */
  elapse(): void;
  /** Resolves once a call waits. */
  someoneWaits(): Promise<string>;
  isFull: boolean;
}

/** A desk whose people and clock the test plays. */
export function manualApprovalDesk(): ManualApprovalDesk {
  const requests = new Map<string, ApprovalRequest>();
  const held = new Map<string, HeldBytes>();
  const byMatch = new Map<string, string>();
  let open: { id: string; done: () => void }[] = [];
  let watchers: ((id: string) => void)[] = [];
  const get = (id: string): ApprovalRequest => {
    const request = requests.get(id);
    if (request === undefined) throw new Error(`no approval request ${id}`);
    return request;
  };

  const desk: ManualApprovalDesk = {
    requests,
    settled: [],
    waits: [],
    isFull: false,
    move: (id, state, change = {}) => {
      requests.set(id, { ...get(id), ...change, state });
      const ready = open.filter((wait) => wait.id === id);
      open = open.filter((wait) => wait.id !== id);
      for (const { done } of ready) done();
    },
    elapse: () => {
      const ready = open;
      open = [];
      for (const { done } of ready) done();
    },
    someoneWaits: async () => open[0]?.id ?? new Promise<string>((seen) => watchers.push(seen)),
    request: async (call: NewApprovalRequest) => {
      if (desk.isFull) return { kind: "too_many" };
      const found = byMatch.get(call.matchKey);
      if (found !== undefined && ["pending", "approved"].includes(get(found).state)) {
        return { kind: "held", request: get(found) };
      }
      const { held: bytes, ...facts } = call;
      const id = `apr_${requests.size + 1}`;
      const request: ApprovalRequest = {
        ...facts,
        id,
        state: "pending",
        votes: [],
        createdAt: new Date(0),
        decideBy: new Date("2026-11-24T14:35:00Z"),
        executeBy: undefined,
        isRecorded: true,
        withdrawnBecause: undefined,
      };
      requests.set(id, request);
      held.set(id, bytes);
      byMatch.set(call.matchKey, id);
      return { kind: "held", request };
    },
    wait: (id, { timeoutMs, signal }) =>
      new Promise((resolve) => {
        desk.waits.push({ id, timeoutMs });
        const done = (): void => resolve(get(id));
        if (get(id).state !== "pending" || signal.aborted) {
          done();
          return;
        }
        signal.addEventListener("abort", done, { once: true });
        open.push({ id, done });
        const seen = watchers;
        watchers = [];
        for (const watcher of seen) watcher(id);
      }),
    claim: async (id, fingerprint) => {
      const request = get(id);
      const bytes = held.get(id);
      if (request.state !== "approved" || request.fingerprint !== fingerprint || bytes === undefined) {
        return { kind: "refused", state: request.state };
      }
      requests.set(id, { ...request, state: "executing" });
      return { kind: "claimed", request, held: bytes };
    },
    settle: async (id, outcome) => {
      desk.settled.push({ id, outcome });
      requests.set(id, { ...get(id), state: outcome });
    },
  };
  return desk;
}
