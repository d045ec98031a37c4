import type { PolicySet, Rule } from "./policy-set.ts";

/** A rule that a caller avoids by naming a project the other way. */
export interface AvoidableRule {
  readonly policy: string;
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/**
 * Denials and approval rules that name projects by id and not by number. Google takes either in a path, and nothing in
 * the call tells that they are one project.
 */
export function avoidableRules(set: PolicySet): AvoidableRule[] {
  return set.policies.flatMap(({ rules }) =>
    rules.flatMap((rule) => (isAvoidable(rule) ? [avoidable(rule)] : [])),
  );
}

/** An allowance that names too little helps nobody. Which number belongs to which id cannot be seen; how many there are can. */
function isAvoidable({ effect, projectsNamed }: Rule): boolean {
  const named = new Set(projectsNamed);
  const numbers = [...named].filter((name) => /^\d+$/.test(name));
  return effect !== "allow" && named.size > 2 * numbers.length;
}

function avoidable({ policy, name, file, line }: Rule): AvoidableRule {
  const message =
    "It names a project by its id alone, and a call that names the same project by its number is not its concern. Name both, or fence the connection to its projects.";
  return { policy, rule: name, file, line, message };
}

export function printAvoidable({ file, line, policy, rule, message }: AvoidableRule): string {
  return `${file}:${line}: ${policy}/${rule}: warning: ${message}`;
}
