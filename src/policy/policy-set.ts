import type { OperationTest } from "#catalogue";
import type { Condition } from "./condition.ts";
import type { ApprovalRequirement, Effect, PolicyInput } from "./decision.ts";

/** All policies in force, parsed and checked. Read-only; a reload makes another. */
export interface PolicySet {
  /** SHA-256 over the documents, hex. */
  readonly version: string;
  readonly policies: readonly Policy[];
  /** Names of Gatehouse's own identities and resources, which only reads reach. */
  readonly protected: readonly string[];
}

export interface Policy {
  readonly name: string;
  readonly principals: PrincipalSelector;
  /** `undefined` means every connection. */
  readonly connections: ReadonlySet<string> | undefined;
  /** Until then the policy only says what it would do. `undefined` means it is enforced. */
  readonly observeUntil: Date | undefined;
  readonly rules: readonly Rule[];
  readonly index: RuleIndex;
}

export interface PrincipalSelector {
  readonly isAny: boolean;
  readonly groups: ReadonlySet<string>;
  /** Lower case. */
  readonly emails: ReadonlySet<string>;
  readonly ids: ReadonlySet<string>;
}

export interface Rule {
  readonly policy: string;
  readonly name: string;
  readonly effect: Effect;
  /** `undefined` means every operation. */
  readonly operations: readonly OperationPattern[] | undefined;
  readonly condition: Condition | undefined;
  /** Projects, ids and numbers, that the condition holds for by name. */
  readonly projectsNamed: readonly string[];
  /** Set exactly when the effect is `require_approval`. */
  readonly requirement: ApprovalRequirement | undefined;
  readonly message: string | undefined;
  readonly file: string;
  readonly line: number;
}

export interface OperationPattern {
  readonly text: string;
  readonly isMeant: OperationTest;
}

/**
 * Finds the rules that can concern an operation without asking each one. It may name too many, never too few: the
 * patterns themselves decide.
 */
export interface RuleIndex {
  /** By id or alias, as written. */
  readonly exact: ReadonlyMap<string, readonly Rule[]>;
  /** Patterns with wildcards, by their first segment. */
  readonly byFirstSegment: ReadonlyMap<string, readonly Rule[]>;
  /** Rules without operations, and patterns that begin with a wildcard. */
  readonly anywhere: readonly Rule[];
}

export function indexRules(rules: readonly Rule[]): RuleIndex {
  const exact = new Map<string, Rule[]>();
  const byFirstSegment = new Map<string, Rule[]>();
  const anywhere: Rule[] = [];
  for (const rule of rules) {
    if (rule.operations === undefined) anywhere.push(rule);
    for (const { text } of rule.operations ?? []) {
      const first = text.split(".", 1)[0] ?? "";
      if (!text.includes("*")) add(exact, text, rule);
      else if (first.includes("*")) anywhere.push(rule);
      else add(byFirstSegment, first, rule);
    }
  }
  return { exact, byFirstSegment, anywhere };
}

function add(index: Map<string, Rule[]>, key: string, rule: Rule): void {
  const rules = index.get(key);
  if (rules === undefined) index.set(key, [rule]);
  else rules.push(rule);
}

export function candidates(index: RuleIndex, operation: PolicyInput["operation"]): ReadonlySet<Rule> {
  const found = new Set(index.anywhere);
  const gather = (rules: readonly Rule[] | undefined): void => {
    for (const rule of rules ?? []) found.add(rule);
  };
  gather(index.exact.get(operation.id));
  for (const alias of operation.aliases) gather(index.exact.get(alias));
  gather(index.byFirstSegment.get(operation.id.split(".", 1)[0] ?? ""));
  return found;
}

export function coversPrincipal(
  { principals }: Pick<Policy, "principals">,
  { principal }: Pick<PolicyInput, "principal">,
): boolean {
  return (
    principals.isAny ||
    principals.ids.has(principal.id) ||
    (principal.email !== undefined && principals.emails.has(principal.email.toLowerCase())) ||
    principal.groups.some((group) => principals.groups.has(group))
  );
}

export function coversConnection({ connections }: Pick<Policy, "connections">, connection: string): boolean {
  return connections?.has(connection) ?? true;
}

export function coversOperation(
  { operations }: Pick<Rule, "operations">,
  operation: Pick<PolicyInput["operation"], "id" | "aliases">,
): boolean {
  return operations?.some(({ isMeant }) => isMeant(operation)) ?? true;
}

/** Observe mode ends by itself, by the time of the call. */
export function isObserving({ observeUntil }: Pick<Policy, "observeUntil">, now: Date): boolean {
  return observeUntil !== undefined && now < observeUntil;
}
