import type { ApprovalRequest, ApprovalState, Vote } from "./approval-request.ts";

/** Something about an approval request that has to be on record. Delivered at least once, in order for each request. */
export type ApprovalFact =
  | {
      readonly kind: "approval.requested" | "approval.decided" | "approval.expired";
      /** As it is now; `state` says what happened, `votes` who said what. */
      readonly request: ApprovalRequest;
    }
  | { readonly kind: "approval.vote"; readonly request: ApprovalRequest; readonly vote: Vote };

/** The fact that puts a state on record. `expired` covers every end without an execution we know of. */
export function factFor(request: ApprovalRequest): ApprovalFact {
  return { kind: kindOf(request.state), request };
}

function kindOf(state: ApprovalState): Exclude<ApprovalFact["kind"], "approval.vote"> {
  switch (state) {
    case "pending":
      return "approval.requested";
    case "approved":
    case "denied":
    case "executing":
    case "executed":
      return "approval.decided";
    case "expired":
    case "cancelled":
    case "lapsed":
    case "unknown":
      return "approval.expired";
  }
}
