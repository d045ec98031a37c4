import type { VoteRefusal } from "#approvals";
import type { CustodyRefusal } from "#custody";
import type { AuthenticationRefusal } from "#identity";
import { GatehouseError } from "#lib/errors";

/** No to a person or a command: code and message are for them, `detail` for our log. */
export class ControlRefusal extends GatehouseError {
  readonly status: number;
  /** What to do now. */
  readonly next: string | undefined;
  readonly detail: string | undefined;

  /** `nextHere` says more of what to do now than the table, which knows the code alone. */
  constructor(code: RefusalCode, detail?: string, nextHere?: string) {
    const { status, message, next } = table[code];
    super(code, message);
    this.name = "ControlRefusal";
    this.status = status;
    this.next = nextHere ?? next;
    this.detail = detail;
  }
}

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly next?: string;
}

export type RefusalCode =
  | VoteRefusal
  | CustodyRefusal
  | "reason_needed"
  | "sign_in_needed"
  | "session_ended"
  | "google_credential"
  | "provider_unavailable"
  | "groups_overage"
  | "missing_role"
  | "not_permitted"
  | "request_changed"
  | "request_invalid"
  | "too_many_requests"
  | "audit_unavailable"
  | "wrong_host"
  | "forged_form"
  | "sign_in_unknown"
  | "sign_in_refused"
  | "sign_in_misconfigured"
  | "device_code_unknown"
  | "too_many_guesses"
  | "not_here"
  | "not_published"
  | "entry_unreadable"
  | "internal";

const signIn = "Sign in again: `gatehouse login` for agents; other commands ask by themselves.";

const table: Readonly<Record<RefusalCode, Refusal>> = {
  sign_in_needed: { status: 401, message: "Nobody is signed in, or the sign-in is over.", next: signIn },
  session_ended: {
    status: 401,
    message: "This session is over.",
    next: "Start the command again to open another.",
  },
  google_credential: {
    status: 401,
    message:
      "This is a credential of Google's. Gatehouse does not take those, and agents should not hold them.",
    next: "Sign in at Gatehouse instead, and have that credential revoked.",
  },
  provider_unavailable: {
    status: 503,
    message: "The identity provider cannot be reached, so nobody can be recognised.",
    next: "Try again in a minute.",
  },
  groups_overage: {
    status: 403,
    message: "Your identity provider keeps your groups out of its tokens, so nobody can say what you may do.",
    next: "Ask an administrator to have it send all groups, or only those assigned to the application.",
  },
  missing_role: {
    status: 403,
    message: "You are known, but this sign-in does not carry the role for this.",
    next: "Ask an administrator, or sign in as somebody who has it. Stored sign-ins carry agent-user only.",
  },
  not_permitted: {
    status: 403,
    message: "None of your groups holds the role agent-user.",
    next: "Ask an administrator.",
  },
  sign_in_not_fresh: {
    status: 401,
    message: "This needs somebody who signed in within the last five minutes.",
    next: "Sign in again and repeat it.",
  },
  not_found: {
    status: 404,
    message: "There is no such thing here, or it is not yours.",
    next: "Check the id.",
  },
  not_here: { status: 404, message: "There is no such page or path." },
  not_published: {
    status: 409,
    message: "No checkpoint covers this entry yet, so nothing proves it.",
    next: "Try again in a second.",
  },
  entry_unreadable: {
    status: 409,
    message: "An entry of the log cannot be read. An export that left it out would look whole.",
    next: "gatehouse audit search shows which; gatehouse audit verify says what is wrong.",
  },
  not_pending: { status: 409, message: "This request is no longer waiting for a decision." },
  own_request: {
    status: 403,
    message: "You asked for this yourself. Somebody else has to decide.",
    next: "Ask another approver.",
  },
  not_in_group: {
    status: 403,
    message: "You are an approver, but in none of the groups that this request needs.",
    next: "Ask somebody in one of those groups.",
  },
  already_voted: { status: 409, message: "You have voted on this request already; each person counts once." },
  reason_needed: {
    status: 400,
    message: "This needs a reason: it is what somebody will read in years.",
    next: "Say why, in a sentence.",
  },
  session_running: {
    status: 409,
    message: "This session is still running, so its recordings cannot be erased.",
    next: "Have it stopped first: gatehouse sessions stop ID",
  },
  already_erased: { status: 409, message: "The recordings of this session are erased already." },
  under_hold: {
    status: 409,
    message: "A hold is on this session. Nothing was erased.",
    next: "See which: gatehouse audit hold list",
  },
  same_person: {
    status: 403,
    message: "You asked for this yourself. A second auditor has to confirm it.",
    next: "Give the request's id to another auditor.",
  },
  request_closed: {
    status: 409,
    message: "This request was carried out already, or is older than a week.",
    next: "Look at gatehouse audit hold list, and ask again if it is still needed.",
  },
  request_changed: {
    status: 409,
    message: "This vote is about something else than what is waiting now.",
    next: "Read the request again, then decide.",
  },
  request_invalid: { status: 400, message: "The request is not one that Gatehouse understands." },
  too_many_requests: { status: 429, message: "Too many requests from this address.", next: "Wait a minute." },
  audit_unavailable: {
    status: 503,
    message: "The audit log cannot be written, so this is refused.",
    next: "Tell the operator; nothing works until the log does.",
  },
  wrong_host: {
    status: 421,
    message: "This server is addressed by another name.",
    next: "Use the address it printed when it started.",
  },
  forged_form: {
    status: 403,
    message: "This form was not sent from Gatehouse's own page, or the page was too old. Nothing was done.",
    next: "Open the page again and repeat it.",
  },
  sign_in_unknown: {
    status: 400,
    message: "This sign-in was not begun in this browser, or is over.",
    next: "Begin again.",
  },
  sign_in_refused: { status: 401, message: "The sign-in was not accepted.", next: "Begin again." },
  sign_in_misconfigured: {
    status: 503,
    message:
      "The identity provider and this gateway do not agree on its client, so nobody can sign in there.",
    next: "Tell the operator: the server's log says what is wrong.",
  },
  device_code_unknown: {
    status: 400,
    message: "No command waits under this code, or it waits in another browser, or it has waited too long.",
    next: "Compare the letters with your terminal, or start the command again.",
  },
  too_many_guesses: {
    status: 429,
    message: "Too many codes that nobody waits under.",
    next: "Wait ten minutes, then start the command again.",
  },
  internal: {
    status: 500,
    message: "Something is wrong in Gatehouse itself. Nothing was done.",
    next: "Try again; if it stays, look into the server's log.",
  },
};

/** To a stranger all tokens that prove nothing look alike. */
export function refusalOfAuthentication(code: AuthenticationRefusal): RefusalCode {
  switch (code) {
    case "missing":
    case "invalid":
    case "expired":
      return "sign_in_needed";
    case "session_ended":
    case "google_credential":
    case "provider_unavailable":
    case "groups_overage":
    case "not_permitted":
      return code;
    case "too_many_sessions":
      return "too_many_requests";
  }
}
