import type { ApprovalRequest, ApprovalState, Vote } from "./approval-request.ts";
import type { Withdrawal } from "./withdrawal.ts";

/**
 * What the desk keeps. Every method that changes something is one atomic step, conditional on what it expects to find,
 * and durable when it resolves: two desks on one store still execute an approval once. Implementations are in storage/.
 *
 * Open states are `pending`, `approved` and `executing`; only they keep the sealed request. A change of state leaves
 * the request unrecorded, except `claim` and `settle`, which exchanges put on record themselves.
 */
export interface ApprovalStore {
  /** `exists`: an open request has the same match key. `too_many`: a cap is reached. Neither writes anything. */
  insert(
    request: ApprovalRequest,
    sealed: Uint8Array,
    caps: ApprovalCaps,
  ): Promise<"inserted" | "exists" | "too_many">;
  find(id: string): Promise<ApprovalRequest | undefined>;
  /** The open request with this match key, or else the newest one denied after `deniedAfter`. */
  findByMatchKey(matchKey: string, deniedAfter: Date): Promise<ApprovalRequest | undefined>;
  /** Newest first. */
  list(filter: ApprovalFilter, limit: number): Promise<readonly ApprovalRequest[]>;
  /** False when the request is no longer pending, its time is up, or others voted since it was read. */
  addVote(id: string, vote: Vote, step: VoteStep): Promise<boolean>;
  /**
   * `approved → executing`, if still in time at `now`, recorded, and of this fingerprint; the sealed request goes to the
   * one caller that made the change.
   */
  claim(id: string, fingerprint: string, now: Date): Promise<Uint8Array | undefined>;
  /** `executing → …`. False when it was not executing. */
  settle(id: string, outcome: "executed" | "unknown" | "lapsed"): Promise<boolean>;
  /** `pending` or `approved → cancelled`. False when it was neither. */
  cancel(id: string, because: Withdrawal): Promise<boolean>;
  /** `pending → expired` and `approved → lapsed` for all whose time is up at `now`; their ids. */
  expireOverdue(now: Date): Promise<readonly string[]>;
  /** `executing → unknown` for all: whoever was executing is gone. Their ids. */
  abandonExecuting(): Promise<readonly string[]>;
  /** If it is still in this state. */
  markRecorded(id: string, state: ApprovalState): Promise<void>;
  unrecorded(): Promise<readonly ApprovalRequest[]>;
  /** The earliest time at which something expires. */
  nextDeadline(): Promise<Date | undefined>;
}

export interface ApprovalCaps {
  readonly pendingPerSession: number;
  /** Pending and approved, all sessions. */
  readonly openTotal: number;
  readonly sealedBytesTotal: number;
}

export interface ApprovalFilter {
  readonly state?: ApprovalState;
  readonly requesterId?: string;
}

export interface VoteStep {
  /** How many votes there were when this one was weighed. */
  readonly votesSeen: number;
  readonly state: "pending" | "approved" | "denied";
  /** Set when `state` is `approved`. */
  readonly executeBy: Date | undefined;
}
