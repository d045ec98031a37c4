import type {
  Authentication,
  AuthenticationRefusal,
  Authenticator,
  Caller,
  Principal,
  Session,
} from "#identity";

export interface ListedAuthenticator extends Authenticator {
  /** What a token is worth from now on. */
  set(token: string, caller: Caller | AuthenticationRefusal): void;
  /** Ends a session as an operator would, and tells whoever listens. */
  stop(sessionId: string): void;
}

/** Knows exactly the tokens it was told about. */
export function listedAuthenticator(
  known: Record<string, Caller | AuthenticationRefusal>,
): ListedAuthenticator {
  const tokens = new Map(Object.entries(known));
  const stopped = new Set<string>();
  const listeners = new Set<(session: Pick<Session, "id">) => void>();

  function judge(worth: Caller | AuthenticationRefusal | undefined): Authentication {
    if (worth === undefined) return { kind: "refused", code: "invalid", detail: "not listed" };
    if (typeof worth === "string") return { kind: "refused", code: worth, detail: "listed as such" };
    if (stopped.has(worth.session.id)) return { kind: "refused", code: "session_ended", detail: "stopped" };
    return { kind: "caller", caller: worth };
  }

  return {
    set: (token, caller) => void tokens.set(token, caller),
    stop: (id) => {
      stopped.add(id);
      for (const listener of listeners) listener({ id });
    },
    authenticate: async (token) => judge(tokens.get(token)),
    recheck: async (sessionId) => {
      const callers = [...tokens.values()].filter((worth) => typeof worth !== "string");
      const caller = callers.find(({ session }) => session.id === sessionId);
      return judge(caller === undefined ? "session_ended" : { ...caller, proof: "proxy_session" });
    },
    onSessionStopped: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export function callerOf(
  sessionId: string,
  principalId = "developer",
  proof: Caller["proof"] = "gateway_token",
): Caller {
  const principal: Principal = {
    id: principalId,
    issuer: "https://idp.example.com",
    subject: principalId,
    email: `${principalId}@example.com`,
    groups: ["engineering"],
  };
  return {
    principal,
    proof,
    session: {
      id: sessionId,
      principal,
      agent: "cursor",
      connection: undefined,
      startedAt: new Date(0),
      endsAt: new Date(8.64e12),
      stoppedAt: undefined,
    },
  };
}
