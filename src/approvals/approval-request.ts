import type { Principal } from "#identity";
import type { approvalStates, verdicts } from "#lib/entry-words";
import type { ApprovalRequirement } from "#policy";
import type { Withdrawal } from "./withdrawal.ts";

export type ApprovalState = (typeof approvalStates)[number];

/** The request as it stood on the wire, to be run byte for byte. Sealed before it touches the disk. */
export interface HeldBytes {
  readonly method: string;
  readonly host: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** What an approver is asked. */
export interface ApprovalRequest {
  readonly id: string;
  readonly state: ApprovalState;
  /** SHA-256 over everything that was reviewed (security: same bytes run). */
  readonly fingerprint: string;
  /** Forgiving key by which a re-sent call finds this request. */
  readonly matchKey: string;
  readonly exchangeId: string;
  readonly sessionId: string;
  readonly requester: Principal;
  readonly agent: string;
  readonly connection: string;
  /** What the connection was when this was asked: a digest. Empty for what earlier versions kept, which is worth nothing now. */
  readonly connectionVersion: string;
  readonly operationId: string;
  readonly operationClass: string;
  readonly resourceName: string;
  /** The masked request for the approver's eyes. */
  readonly preview: string;
  readonly requirements: readonly ApprovalRequirement[];
  readonly policyVersion: string;
  readonly votes: readonly Vote[];
  readonly createdAt: Date;
  readonly decideBy: Date;
  /** Set when approved. */
  readonly executeBy: Date | undefined;
  /** Whether the state it is in is in the audit log; an unrecorded approval is never executed. */
  readonly isRecorded: boolean;
  /** Set for some that are cancelled. */
  readonly withdrawnBecause: Withdrawal | undefined;
}

export interface Vote {
  readonly approver: Principal;
  readonly verdict: (typeof verdicts)[number];
  readonly reason: string | undefined;
  readonly at: Date;
}
