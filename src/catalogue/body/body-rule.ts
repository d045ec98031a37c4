import type { Call, OperationFlag, RiskClass } from "../operation.ts";
import type { Json } from "./json.ts";
import type { Judgement } from "./judgement.ts";

/** How the body of one method tells what the call does. */
export interface BodyRule {
  /** The verb the method must have, or the rule is about another one. */
  readonly http: "POST" | "PUT" | "PATCH";
  /** Content types it is read in, without parameters. */
  readonly mediaTypes: readonly string[];
  /**
   * The worst the body can make of the call where that is more than the method's class: then a body only ever adds to the
   * class. Without it the class is the worst there is, and a body that is understood takes its place.
   */
  readonly worst?: { readonly class: RiskClass; readonly flags: readonly OperationFlag[] };
  /** The least class of a body that was not understood; `read` adds nothing to what stands above. */
  readonly unread: RiskClass;
  /** Throws `Doubt` when it does not understand. */
  readonly judge: (body: Json, call: Call) => Judgement;
}

const json = ["application/json"];

export function replacing(http: BodyRule["http"], judge: BodyRule["judge"], mediaTypes = json): BodyRule {
  return { http, mediaTypes, unread: "read", judge };
}

/** The SQL of such a body may give access, which is worse than what its method is taken for. */
export function replacingSql(http: BodyRule["http"], judge: BodyRule["judge"]): BodyRule {
  return { ...replacing(http, judge), unread: "privileged" };
}

/** The worst of all these bodies is one that lets everybody in. */
export function adding(http: BodyRule["http"], judge: BodyRule["judge"]): BodyRule {
  return { http, mediaTypes: json, judge, unread: "read", worst: { class: "privileged", flags: ["exfil"] } };
}
