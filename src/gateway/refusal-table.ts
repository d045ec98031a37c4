import type { RefusalCode } from "./refusal.ts";

/** How one refusal looks on the wire. */
export interface RefusalRow {
  readonly http: number;
  /** google.rpc.Code by name. */
  readonly status: string;
  /** google.rpc.ErrorInfo.reason. */
  readonly reason: string;
  readonly why: string;
  /** What the agent should do now. */
  readonly next: string;
}

const signIn = "Run the command through `gatehouse run -- …`, which supplies a gateway token.";
const doNotRetry = "Do not retry; another tool or credential for the same action gets the same answer.";
const tellUser = "Tell the user; retrying does not help.";

/**
 * Every refusal there is. 403 and 400 are sent once by every client measured; 401 twice; 500, 503 and 504 up to five
 * times, so those mean "a later try may do". Terraform and gcloud retry on some of Google's own phrases, which
 * therefore occur nowhere here.
 */
export const refusalTable: Record<RefusalCode, RefusalRow> = {
  malformed: invalid(400, "MALFORMED_REQUEST", "the request is not well-formed HTTP", tellUser),
  misdirected: invalid(
    421,
    "MISDIRECTED_REQUEST",
    "the tunnel, the TLS server name and the Host header name different hosts",
    tellUser,
  ),
  wrong_form: invalid(
    400,
    "WRONG_REQUEST_FORM",
    "this port takes CONNECT to Google API hosts, or paths of the form /<api-host>/<path>",
    "Use `gatehouse env` to see how clients are pointed here.",
  ),
  draining: unavailable(503, "SHUTTING_DOWN", "Gatehouse is shutting down", "Try again in a minute."),
  missing: unauthenticated("TOKEN_MISSING", "the request carries no gateway token", signIn),
  invalid: unauthenticated("TOKEN_INVALID", "the gateway token is not valid here", signIn),
  expired: unauthenticated(
    "TOKEN_EXPIRED",
    "the gateway token has expired",
    "Run the same command again; `gatehouse run` renews tokens by itself.",
  ),
  session_ended: unauthenticated(
    "SESSION_ENDED",
    "the session was stopped or has ended",
    "Stop and tell the user: a new session has to be started with `gatehouse run`.",
  ),
  google_credential: denied(
    "GOOGLE_CREDENTIAL_REFUSED",
    "the request carries a Google credential; Gatehouse takes only its own tokens and adds Google's credential itself",
    "Remove the key, token or API key and run the command through `gatehouse run -- …`. Treat the credential as exposed.",
  ),
  identities_disagree: denied(
    "IDENTITIES_DISAGREE",
    "the bearer token and the proxy connection belong to different sessions",
    "Use the environment of one `gatehouse run` only.",
  ),
  provider_unavailable: unavailable(
    503,
    "IDENTITY_PROVIDER_UNAVAILABLE",
    "the identity provider cannot be reached, so nobody can be identified",
    "Try again in a minute.",
  ),
  groups_overage: denied(
    "GROUPS_OVERAGE",
    "the identity provider keeps this person's groups out of its tokens, so nobody can say what they may do",
    "Tell the user: the provider has to send all groups, or only those assigned to the application.",
  ),
  not_permitted: denied("ROLE_MISSING", "this person or workload may not use agents here", tellUser),
  too_many_sessions: unavailable(
    503,
    "TOO_MANY_SESSIONS",
    "so many sessions of this person or workload run that no further one is opened",
    "Tell the user: sessions that are not needed can be stopped.",
  ),
  unknown_host: denied("UNKNOWN_HOST", "this host is no Google API that Gatehouse knows", doNotRetry),
  unknown_method: denied("UNKNOWN_METHOD", "Gatehouse does not know this API method", doNotRetry),
  ambiguous_path: invalid(
    400,
    "AMBIGUOUS_PATH",
    "the path can be read in more than one way",
    "Write the path without dot segments, doubled slashes or unusual encodings.",
  ),
  override_refused: invalid(
    400,
    "OVERRIDE_REFUSED",
    "parameters and headers that make a call another one are not taken",
    "Send the method you mean.",
  ),
  parameter_refused: invalid(
    400,
    "PARAMETER_REFUSED",
    "a parameter in the query, or a body that is a form, is not taken here",
    "Leave the parameter out and send bodies as JSON; credentials do not belong in URLs.",
  ),
  batch_refused: denied(
    "BATCH_REFUSED",
    "batch requests are not taken yet, since each call in them needs its own decision",
    "Run the command for one resource at a time.",
  ),
  token_endpoint: denied(
    "TOKEN_ENDPOINT_REFUSED",
    "Google's token endpoints are not reachable through Gatehouse",
    signIn,
  ),
  too_many_exchanges: unavailable(
    503,
    "TOO_MANY_REQUESTS",
    "this session has too many calls under way",
    "Wait for some of them to end.",
  ),
  capability_unknown: denied(
    "CAPABILITY_UNKNOWN",
    "this signed or resumable URL was not issued through Gatehouse to this session, for this object and verb, or it has expired",
    "Start the upload or download anew; do not use URLs from elsewhere.",
  ),
  no_connection: denied("NO_CONNECTION", "no connection of yours reaches this service and project", tellUser),
  ambiguous_connection: denied(
    "AMBIGUOUS_CONNECTION",
    "several connections fit",
    "Name one with `gatehouse run --connection NAME -- …`.",
  ),
  outside_connection: denied(
    "OUTSIDE_CONNECTION",
    "the resource lies outside what the session's connection may reach",
    doNotRetry,
  ),
  policy_denied: denied("POLICY_DENIED", "a policy denies this call", doNotRetry),
  approval_pending: denied("APPROVAL_PENDING", "waiting for human approval", ""),
  approval_denied: denied(
    "APPROVAL_DENIED",
    "a person denied this call",
    "Do not retry; ask the user what they want instead.",
  ),
  approval_expired: denied(
    "APPROVAL_EXPIRED",
    "nobody decided in time, the approved call was not sent again in time, or the rules or its connection have changed since",
    "If it is still wanted, run the SAME command once more: that opens a new approval request.",
  ),
  approval_used: denied(
    "APPROVAL_USED",
    "this approval has been used: the call is running or has run, and its answer went to the copy that came first",
    "Look at the resource's state before doing anything else. Running the command again asks for a new approval.",
  ),
  approval_body_too_large: denied(
    "APPROVAL_BODY_TOO_LARGE",
    "this call needs approval, and its body is too large to be reviewed",
    "Use a resumable upload, which is approved when it starts, or ask the user for a grant.",
  ),
  too_many_approvals: denied(
    "TOO_MANY_APPROVALS",
    "too many calls wait for approval already",
    "Wait for the open ones to be decided.",
  ),
  client_gone: denied("CLIENT_GONE", "the client went away", ""),
  body_too_large: invalid(413, "BODY_TOO_LARGE", "the request body is too large for this method", tellUser),
  body_unreadable: invalid(400, "BODY_UNREADABLE", "the request body broke off", "Send the request again."),
  not_recordable: unavailable(
    503,
    "NOT_RECORDABLE",
    "the audit log cannot be written, and nothing is forwarded that is not on record",
    "Tell the user; try again later.",
  ),
  credential_unavailable: unavailable(
    502,
    "CREDENTIAL_UNAVAILABLE",
    "Gatehouse could not get its own credential for Google",
    "Tell the user: the operator has to look at the connection.",
  ),
  upstream_failed: unavailable(
    502,
    "UPSTREAM_FAILED",
    "Google could not be reached or broke off",
    "Look at the resource's state before trying again.",
  ),
  upstream_timeout: {
    http: 504,
    status: "DEADLINE_EXCEEDED",
    reason: "UPSTREAM_TIMEOUT",
    why: "Google did not answer in time",
    next: "Look at the resource's state before trying again.",
  },
  answer_withheld: unavailable(
    502,
    "ANSWER_WITHHELD",
    "Google answered, but the answer cannot be shown: what must stay hidden in it cannot be found reliably",
    "The call itself went through. Ask for the data in another form, uncompressed and whole.",
  ),
  internal: {
    http: 500,
    status: "INTERNAL",
    reason: "INTERNAL",
    why: "Gatehouse failed",
    next: "Tell the user; the operator finds the cause in the log by the id.",
  },
};

function denied(reason: string, why: string, next: string): RefusalRow {
  return { http: 403, status: "PERMISSION_DENIED", reason, why, next };
}

function unauthenticated(reason: string, why: string, next: string): RefusalRow {
  return { http: 401, status: "UNAUTHENTICATED", reason, why, next };
}

function invalid(http: number, reason: string, why: string, next: string): RefusalRow {
  return { http, status: "INVALID_ARGUMENT", reason, why, next };
}

function unavailable(http: number, reason: string, why: string, next: string): RefusalRow {
  return { http, status: "UNAVAILABLE", reason, why, next };
}
