import type { Operation, Resource } from "#catalogue";
import type { Principal } from "#identity";
import type { effects } from "#lib/entry-words";

/** All a policy may look at. Nothing here is chosen by the agent without having been parsed by us. */
export interface PolicyInput {
  readonly principal: Principal;
  readonly agent: string;
  readonly sessionId: string;
  readonly connection: string;
  readonly operation: Pick<Operation, "id" | "service" | "version" | "class" | "flags" | "aliases">;
  readonly resource: Resource;
  readonly request: { readonly method: string; readonly host: string; readonly time: Date };
}

export type Effect = (typeof effects)[number];

/** One rule that had a say. `policy` is `builtin` for denials no policy lifts. */
export interface Reason {
  readonly policy: string;
  readonly rule: string;
  readonly effect: Effect;
  /** The policy author's words for the agent; safe to show. */
  readonly message: string | undefined;
  /**
   * Set when the rule counts although its condition could not be evaluated: a failing deny denies, a failing
   * approval rule still asks. For the log and for `policy explain`, not for the agent.
   */
  readonly failure?: string;
}

export interface ApprovalRequirement {
  readonly policy: string;
  readonly rule: string;
  readonly groups: readonly string[];
  /** Distinct people over the union of the groups. */
  readonly approvals: number;
  /** At least this many from each group. */
  readonly each: number;
  readonly decideWithinMs: number;
  readonly executeWithinMs: number;
}

export interface Decision {
  readonly effect: Effect;
  /** The rules that decided, never empty: nothing matched is a reason too (`policy: "default"`, `rule: "nothing-matched"`). */
  readonly reasons: readonly Reason[];
  /** All must be satisfied. Empty unless the effect is `require_approval`. */
  readonly approvals: readonly ApprovalRequirement[];
  /** What policies in observe mode would have decided; the effect above is what happens. */
  readonly observed: readonly Reason[];
  /** SHA-256 over the policy documents, hex. */
  readonly policyVersion: string;
}
