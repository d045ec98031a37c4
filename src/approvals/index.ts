/**
 * Who said yes: approval requests and their single execution.
 * It never lets anyone approve their own request, and never runs anything but the bytes that were reviewed.
 */
export type { ApprovalDesk, Claim, NewApprovalRequest, VoteOutcome, VoteRefusal } from "./approval-desk.ts";
export type { ApprovalRequest, ApprovalState, HeldBytes, Vote } from "./approval-request.ts";
