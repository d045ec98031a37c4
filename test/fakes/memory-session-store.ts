import { isMeant, type Session, type SessionStore } from "#identity";

/** Keeps sessions as long as a test lasts. */
export function memorySessionStore(): SessionStore & {
  readonly sessions: Map<string, Session>;
  finds: number;
  /** Ended sessions of which something still waits for a decision. */
  readonly asking: Set<string>;
} {
  const sessions = new Map<string, Session>();
  const asking = new Set<string>();
  const store = {
    sessions,
    asking,
    finds: 0,
    insert: async (session: Session) => {
      if (sessions.has(session.id)) throw new Error(`session ${session.id} exists`);
      sessions.set(session.id, session);
    },
    find: async (id: string) => {
      store.finds += 1;
      return sessions.get(id);
    },
    end: async (id: string, at: Date) => {
      const session = sessions.get(id);
      if (session === undefined || session.stoppedAt !== undefined || session.endsAt <= at) return;
      sessions.set(id, { ...session, endedAt: session.endedAt ?? at });
    },
    stop: async (which: Parameters<SessionStore["stop"]>[0], at: Date) => {
      const isStopped = ({ id, machine, principal }: Session): boolean => {
        if (typeof which === "object" && "id" in which) return id === which.id;
        if (typeof which === "object" && "machine" in which) return machine === which.machine;
        return isMeant(principal, which);
      };
      const meant = [...sessions.values()].filter(
        (session) => session.stoppedAt === undefined && session.endsAt > at && isStopped(session),
      );
      for (const session of meant) sessions.set(session.id, { ...session, stoppedAt: at });
      return meant.filter(({ id, endedAt }) => endedAt === undefined || asking.has(id)).map(({ id }) => id);
    },
    list: async (limit: number, principalId?: string) =>
      [...sessions.values()]
        .filter(({ principal }) => principalId === undefined || principal.id === principalId)
        .reverse()
        .slice(0, limit),
  };
  return store;
}
