import type { Principal } from "#identity";
import type { ApprovalRequest, ApprovalState, HeldBytes, Vote } from "./approval-request.ts";

/** What the gateway hands over when a decision demands approval. */
export type NewApprovalRequest = Omit<
  ApprovalRequest,
  "id" | "state" | "votes" | "createdAt" | "decideBy" | "executeBy" | "isRecorded" | "withdrawnBecause"
> & { readonly held: HeldBytes };

export type Claim =
  | { readonly kind: "claimed"; readonly request: ApprovalRequest; readonly held: HeldBytes }
  | { readonly kind: "refused"; readonly state: ApprovalState };

export type VoteOutcome =
  | { readonly kind: "counted"; readonly request: ApprovalRequest }
  | { readonly kind: "refused"; readonly code: VoteRefusal; readonly message: string };

export type VoteRefusal =
  | "not_found"
  | "not_pending"
  | "own_request"
  | "not_in_group"
  | "already_voted"
  | "sign_in_not_fresh";

/** Where people's decisions and held calls meet. One desk a process; all state is in the store. */
export interface ApprovalDesk {
  /** Attaches to the open request with the same match key, or opens a new one. Refuses when too many are pending. */
  request(
    call: NewApprovalRequest,
  ): Promise<{ kind: "held"; request: ApprovalRequest } | { kind: "too_many" }>;
  /** Resolves when the request leaves `pending`, after `timeoutMs`, or on abort, with its state then. */
  wait(id: string, options: { timeoutMs: number; signal: AbortSignal }): Promise<ApprovalRequest>;
  /** `approved → executing`, once, if still in time, recorded, for this fingerprint, and its session was not stopped. */
  claim(id: string, fingerprint: string): Promise<Claim>;
  /** `executing → executed | unknown`. */
  settle(id: string, outcome: "executed" | "unknown"): Promise<void>;
  vote(id: string, vote: Omit<Vote, "at">, signedInAt: Date): Promise<VoteOutcome>;
  /** Withdraws what nobody should answer or run any more: its session was stopped, or its connection is another one now. */
  withdrawStale(): Promise<void>;
  find(id: string): Promise<ApprovalRequest | undefined>;
  list(filter: { state?: ApprovalState; requesterId?: Principal["id"] }): Promise<readonly ApprovalRequest[]>;
}
