import type { Caller, Session } from "./session.ts";

/** To the agent a refusal never says which check a forged token failed; `detail` is for our log. */
export type Authentication =
  | { readonly kind: "caller"; readonly caller: Caller }
  | { readonly kind: "refused"; readonly code: AuthenticationRefusal; readonly detail: string };

export type AuthenticationRefusal =
  /** No credential at all. */
  | "missing"
  /** Malformed, forged, foreign, for another audience: one answer for all. */
  | "invalid"
  | "expired"
  /** The session was stopped or has ended. */
  | "session_ended"
  /** `ya29.…`, a service-account JWT, an API key: what Google takes, we do not. */
  | "google_credential"
  /** The identity provider cannot be asked now. */
  | "provider_unavailable"
  /** Proven, but the provider says that the groups are elsewhere. */
  | "groups_overage"
  /** Known, but without the role `agent-user`. */
  | "not_permitted"
  /** So many sessions of this principal run that no further one is opened. */
  | "too_many_sessions";

export interface Authenticator {
  /** Judges one bearer token: a gateway token or an identity provider's JWT. */
  authenticate(token: string): Promise<Authentication>;
  /** Whether a session proven earlier (proxy authentication) still runs. Asked on every inner request. */
  recheck(
    sessionId: string,
  ): Promise<
    { kind: "caller"; caller: Caller } | { kind: "refused"; code: AuthenticationRefusal; detail: string }
  >;
  /** Calls back when a session stops, so that open streams can be cut. */
  onSessionStopped(listener: (session: Pick<Session, "id">) => void): () => void;
}
