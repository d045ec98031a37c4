/**
 * May they: policies in, decision out. Pure: the same input and policies give the same decision.
 * It never allows by accident: nothing matched is a denial.
 */
export type { ApprovalRequirement, Decision, Effect, PolicyInput, Reason } from "./decision.ts";
