/**
 * Who said yes: approval requests and their single execution.
 * It never lets anyone approve their own request, and never runs anything but the bytes that were reviewed. Trusted
 * with the count of votes and the two clocks; whether somebody is who they say, and just signed in, others vouch for.
 */
export type { ApprovalDesk, Claim, NewApprovalRequest, VoteOutcome, VoteRefusal } from "./approval-desk.ts";
export type { ApprovalFact } from "./approval-fact.ts";
export { type FingerprintInput, fingerprint, type MatchKeyInput, matchKey } from "./approval-keys.ts";
export type { ApprovalRequest, ApprovalState, HeldBytes, Vote } from "./approval-request.ts";
export type { ApprovalCaps, ApprovalFilter, ApprovalStore, VoteStep } from "./approval-store.ts";
export type { Sealer } from "./held-bytes.ts";
export { type ApprovalDeskPorts, type OpenApprovalDesk, openApprovalDesk } from "./open-approval-desk.ts";
export { isAllAsked, isAskedOf, isSamePerson } from "./quorum.ts";
export { cleanReason } from "./reason.ts";
export { type Withdrawal, withdrawals, withdrawalWords } from "./withdrawal.ts";
