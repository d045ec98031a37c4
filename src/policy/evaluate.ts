import { builtinDenial } from "./builtin-denial.ts";
import { type ConditionScope, scopeOf } from "./condition-scope.ts";
import type { ApprovalRequirement, Decision, PolicyInput, Reason } from "./decision.ts";
import {
  candidates,
  coversConnection,
  coversPrincipal,
  isObserving,
  type Policy,
  type PolicySet,
} from "./policy-set.ts";
import { matchRule, reasonOf } from "./rule-match.ts";

/** A rule's say, with what it asks for. */
interface Say {
  readonly reason: Reason;
  readonly requirement: ApprovalRequirement | undefined;
}
type Outcome = Pick<Decision, "effect" | "reasons" | "approvals">;

const nothingMatched: Reason = {
  policy: "default",
  rule: "nothing-matched",
  effect: "deny",
  message: "No policy allows this.",
};

/**
 * Decides one call. Total and pure: it never throws, and the order of documents, policies and rules does not matter.
 * `deny` beats `require_approval` beats `allow`; nothing matched is a denial.
 */
export function evaluate(set: PolicySet, input: PolicyInput): Decision {
  const refused = builtinDenial(input, set.protected);
  if (refused !== undefined) {
    return { effect: "deny", reasons: [refused], approvals: [], observed: [], policyVersion: set.version };
  }
  const covering = set.policies.filter(
    (policy) => coversPrincipal(policy, input) && coversConnection(policy, input.connection),
  );
  const observing = covering.filter((policy) => isObserving(policy, input.request.time));
  const enforced = covering.filter((policy) => !observing.includes(policy));
  const scope = scopeOf(input);
  const said = saysOf(enforced, input, scope);
  return { ...weighObserved(said, saysOf(observing, input, scope), observing), policyVersion: set.version };
}

function saysOf(policies: readonly Policy[], input: PolicyInput, scope: ConditionScope): Say[] {
  return policies.flatMap(({ index }) =>
    [...candidates(index, input.operation)].flatMap((rule) => {
      const reason = reasonOf(rule, matchRule(rule, input, scope));
      return reason === undefined ? [] : [{ reason, requirement: rule.requirement }];
    }),
  );
}

/**
 * A policy that only observes lets through what no enforced rule speaks about; that is what makes it a safe start.
 * What would have happened, had everything been enforced, is said beside.
 */
function weighObserved(
  enforced: readonly Say[],
  observing: readonly Say[],
  policies: readonly Policy[],
): Omit<Decision, "policyVersion"> {
  if (policies.length === 0) return { ...weigh(enforced), observed: [] };
  const observed = weigh([...enforced, ...observing]).reasons;
  if (enforced.length > 0) return { ...weigh(enforced), observed };
  const reasons = policies.map(({ name }): Reason => {
    return { policy: name, rule: "observe-mode", effect: "allow", message: undefined };
  });
  return { effect: "allow", reasons: sorted(reasons), approvals: [], observed };
}

function weigh(says: readonly Say[]): Outcome {
  for (const effect of ["deny", "require_approval", "allow"] as const) {
    const deciding = says.filter(({ reason }) => reason.effect === effect);
    if (deciding.length === 0) continue;
    const reasons = sorted(deciding.map(({ reason }) => reason));
    const requirements = deciding.flatMap(({ requirement }) =>
      requirement === undefined ? [] : [requirement],
    );
    return { effect, reasons, approvals: effect === "require_approval" ? sorted(requirements) : [] };
  }
  return { effect: "deny", reasons: [nothingMatched], approvals: [] };
}

/** By name, so that no trace of the order in the files is left in a decision. */
function sorted<Named extends { readonly policy: string; readonly rule: string }>(
  all: readonly Named[],
): Named[] {
  const key = ({ policy, rule }: Named): string => `${policy}/${rule}`;
  return [...all].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
