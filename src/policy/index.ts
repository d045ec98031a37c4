/**
 * May they: policies in, decision out. Pure: the same input and policies give the same decision.
 * It never allows by accident: nothing matched is a denial, a condition that fails never helps the caller, and a set
 * with one mistake in it is refused whole. Trusted with every decision; it knows no names of people but those asked about.
 */
export { type AvoidableRule, avoidableRules, printAvoidable } from "./avoidable-rules.ts";
export { type DeadRule, deadRules } from "./dead-rules.ts";
export type { ApprovalRequirement, Decision, Effect, PolicyInput, Reason } from "./decision.ts";
export { evaluate } from "./evaluate.ts";
export { type Explanation, explain, type RuleTrace } from "./explain.ts";
export { type ParsedPolicies, parsePolicies } from "./parse-policies.ts";
export type { PolicySet } from "./policy-set.ts";
export { type PolicyProblem, printProblem } from "./problem.ts";
