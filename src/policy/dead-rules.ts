import type { Operation } from "#catalogue";
import { coversOperation, type PolicySet, type Rule } from "./policy-set.ts";

/** A rule that can never have a say, or a pattern in it that names nothing. */
export interface DeadRule {
  readonly policy: string;
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly code: "matches_nothing" | "shadowed";
  readonly message: string;
}

type Named = Pick<Operation, "id" | "aliases">;

/**
 * Rules nobody would miss: patterns that name no operation of the catalogue (most often a typing error), and rules all
 * of whose operations an unconditional deny of the same policy takes first.
 */
export function deadRules(set: PolicySet, operations: Iterable<Named>): DeadRule[] {
  const known = [...operations];
  return set.policies.flatMap(({ rules }) => {
    const denies = rules.filter(({ effect, condition }) => effect === "deny" && condition === undefined);
    return rules.flatMap((rule) => [...deadPatterns(rule, known), ...shadows(rule, denies, known)]);
  });
}

function deadPatterns(rule: Rule, known: readonly Named[]): DeadRule[] {
  return (rule.operations ?? [])
    .filter(({ isMeant }) => !known.some(isMeant))
    .map(({ text }) => {
      const message = `"${text}" names no operation of the catalogue. Correct it, or remove it.`;
      return dead(rule, "matches_nothing", message);
    });
}

function shadows(rule: Rule, denies: readonly Rule[], known: readonly Named[]): DeadRule[] {
  const others = denies.filter((deny) => deny !== rule);
  const covered = known.filter((operation) => coversOperation(rule, operation));
  const isShadowed =
    covered.length > 0 &&
    covered.every((operation) => others.some((deny) => coversOperation(deny, operation)));
  if (!isShadowed || (rule.effect === "deny" && rule.condition === undefined)) return [];
  const names = others
    .filter((deny) => covered.some((operation) => coversOperation(deny, operation)))
    .map(({ name }) => name);
  const message = `Everything it is about is denied by ${names.join(", ")} anyway. Remove it, or narrow the denial.`;
  return [dead(rule, "shadowed", message)];
}

function dead({ policy, name, file, line }: Rule, code: DeadRule["code"], message: string): DeadRule {
  return { policy, rule: name, file, line, code, message };
}
