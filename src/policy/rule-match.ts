import type { ConditionScope } from "./condition-scope.ts";
import type { PolicyInput, Reason } from "./decision.ts";
import { coversOperation, type Rule } from "./policy-set.ts";

/** Why a rule has no say, or that it has one. */
export type RuleOutcome =
  | { readonly kind: "matched" }
  | { readonly kind: "other_operation" }
  | { readonly kind: "condition_false" }
  /** `counts`: a condition that fails never helps the caller, so deny and approval rules count all the same. */
  | { readonly kind: "condition_failed"; readonly failure: string; readonly counts: boolean };

export function matchRule(rule: Rule, input: PolicyInput, scope: ConditionScope): RuleOutcome {
  if (!coversOperation(rule, input.operation)) return { kind: "other_operation" };
  const result = rule.condition?.(scope) ?? true;
  if (typeof result === "boolean") return { kind: result ? "matched" : "condition_false" };
  return { kind: "condition_failed", failure: result.failure, counts: rule.effect !== "allow" };
}

/** The rule's say in the decision; `undefined` when it has none. */
export function reasonOf({ policy, name, effect, message }: Rule, outcome: RuleOutcome): Reason | undefined {
  const reason = { policy, rule: name, effect, message };
  if (outcome.kind === "matched") return reason;
  if (outcome.kind !== "condition_failed" || !outcome.counts) return undefined;
  return { ...reason, failure: outcome.failure };
}
