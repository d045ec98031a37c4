import type { OperationFlag, RiskClass } from "../operation.ts";
import { compareClasses } from "../operation.ts";

/** What a body says its call does. */
export interface Judgement {
  readonly class: RiskClass;
  /** For people: one phrase, never longer than a line, and of the body only names that were checked. */
  readonly reason: string;
  readonly flags: readonly OperationFlag[];
  /** The body was not understood, or could do anything: class and flags of the method stand beside these. */
  readonly isWorstCase: boolean;
}

export function judgement(
  riskClass: RiskClass,
  reason: string,
  flags: readonly OperationFlag[] = [],
): Judgement {
  return { class: riskClass, reason, flags, isWorstCase: false };
}

/** `read` adds nothing to any class: the method's own stands. */
export function worstCase(reason: string, flags: readonly OperationFlag[] = []): Judgement {
  return { class: "read", reason, flags, isWorstCase: true };
}

/** All of it happens: the worst class with its reason, and every flag. */
export function worstOf(first: Judgement, others: readonly Judgement[]): Judgement {
  return others.reduce(worseOf, first);
}

function worseOf(one: Judgement, other: Judgement): Judgement {
  const leading = isWorse(other, one) ? other : one;
  return {
    class: compareClasses(one.class, other.class) < 0 ? other.class : one.class,
    reason: leading.reason,
    flags: [...new Set([...one.flags, ...other.flags])],
    isWorstCase: one.isWorstCase || other.isWorstCase,
  };
}

/** Beyond `destructive`, which is the worst case of most methods, the class says more than the doubt. */
function isWorse(one: Judgement, other: Judgement): boolean {
  return compareClasses(rank(other), rank(one)) < 0;
}

function rank(each: Judgement): RiskClass {
  return each.isWorstCase && compareClasses(each.class, "destructive") < 0 ? "destructive" : each.class;
}
