import { builtinDenial } from "./builtin-denial.ts";
import { scopeOf } from "./condition-scope.ts";
import type { Decision, Effect, PolicyInput, Reason } from "./decision.ts";
import { evaluate } from "./evaluate.ts";
import { coversConnection, coversPrincipal, isObserving, type Policy, type PolicySet } from "./policy-set.ts";
import { matchRule } from "./rule-match.ts";

/** One rule and what became of it. */
export interface RuleTrace {
  readonly policy: string;
  readonly rule: string;
  readonly effect: Effect;
  readonly isObserved: boolean;
  readonly outcome:
    | "matched"
    | "other_principal"
    | "other_connection"
    | "other_operation"
    | "condition_false"
    /** It counts when it denies or asks for approval, and does not when it allows. */
    | "condition_failed";
  /** Why the condition failed. */
  readonly failure: string | undefined;
  /** Where the rule stands; `undefined` for built-in denials. */
  readonly place: { readonly file: string; readonly line: number } | undefined;
}

export interface Explanation {
  readonly decision: Decision;
  /** Every rule there is, in the order of the files. A built-in denial, if one decided, comes first. */
  readonly rules: readonly RuleTrace[];
}

/** For people: why a call is decided as it is. Slower than `evaluate`, and of the same opinion. */
export function explain(set: PolicySet, input: PolicyInput): Explanation {
  const builtin = builtinDenial(input, set.protected);
  const first = builtin === undefined ? [] : [builtinTrace(builtin)];
  return {
    decision: evaluate(set, input),
    rules: [...first, ...set.policies.flatMap((policy) => traces(policy, input))],
  };
}

function builtinTrace({ policy, rule, effect }: Reason): RuleTrace {
  return {
    policy,
    rule,
    effect,
    isObserved: false,
    outcome: "matched",
    failure: undefined,
    place: undefined,
  };
}

function traces(policy: Policy, input: PolicyInput): RuleTrace[] {
  const scope = scopeOf(input);
  const uncovered = uncoveredBy(policy, input);
  return policy.rules.map((rule) => {
    const matched = uncovered === undefined ? matchRule(rule, input, scope) : { kind: uncovered };
    return {
      policy: rule.policy,
      rule: rule.name,
      effect: rule.effect,
      isObserved: isObserving(policy, input.request.time),
      outcome: matched.kind,
      failure: matched.kind === "condition_failed" ? matched.failure : undefined,
      place: { file: rule.file, line: rule.line },
    };
  });
}

function uncoveredBy(policy: Policy, input: PolicyInput): "other_principal" | "other_connection" | undefined {
  if (!coversPrincipal(policy, input)) return "other_principal";
  return coversConnection(policy, input.connection) ? undefined : "other_connection";
}
