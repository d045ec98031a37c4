import type { ApprovalState } from "#approvals";

/** Outcomes are exact: expired is not denied, lapsed is not executed. */
export function wordsOf(state: ApprovalState): string {
  switch (state) {
    case "pending":
      return "held, nothing has changed";
    case "approved":
      return "approved, not yet executed";
    case "denied":
      return "denied, nothing has changed";
    case "expired":
      return "expired, nobody decided in time";
    case "cancelled":
      return "cancelled, nothing has changed";
    case "executing":
      return "being executed";
    case "executed":
      return "approved and executed";
    case "lapsed":
      return "lapsed, approved but not used in time";
    case "unknown":
      return "sent to Google, outcome not known";
  }
}

export function toneOf(state: ApprovalState): "held" | "ok" | "denied" | "idle" {
  switch (state) {
    case "pending":
      return "held";
    case "approved":
    case "executing":
    case "executed":
      return "ok";
    case "denied":
    case "unknown":
      return "denied";
    case "expired":
    case "cancelled":
    case "lapsed":
      return "idle";
  }
}
