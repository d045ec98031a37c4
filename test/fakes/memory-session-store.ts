import { isMeant, type Session, type SessionStore } from "#identity";

/** Keeps sessions as long as a test lasts. */
export function memorySessionStore(): SessionStore & {
  readonly sessions: Map<string, Session>;
  finds: number;
} {
  const sessions = new Map<string, Session>();
  const store = {
    sessions,
    finds: 0,
    insert: async (session: Session) => {
      if (sessions.has(session.id)) throw new Error(`session ${session.id} exists`);
      sessions.set(session.id, session);
    },
    find: async (id: string) => {
      store.finds += 1;
      return sessions.get(id);
    },
    stop: async (which: Parameters<SessionStore["stop"]>[0], at: Date) => {
      const isStopped = ({ id, machine, principal }: Session): boolean => {
        if (typeof which === "object" && "id" in which) return id === which.id;
        if (typeof which === "object" && "machine" in which) return machine === which.machine;
        return isMeant(principal, which);
      };
      const running = [...sessions.values()].filter(
        (session) => session.stoppedAt === undefined && session.endsAt > at && isStopped(session),
      );
      for (const session of running) sessions.set(session.id, { ...session, stoppedAt: at });
      return running.map(({ id }) => id);
    },
    list: async (limit: number, principalId?: string) =>
      [...sessions.values()]
        .filter(({ principal }) => principalId === undefined || principal.id === principalId)
        .reverse()
        .slice(0, limit),
  };
  return store;
}
