import type { SessionSummary } from "#api";
import type { Session } from "#identity";

export function summaryOf(session: Session, now: Date): SessionSummary {
  const { id, principal, agent, startedAt, endsAt, stoppedAt } = session;
  return {
    id,
    principal: {
      id: principal.id,
      issuer: principal.issuer,
      subject: principal.subject,
      ...(principal.email === undefined ? {} : { email: principal.email }),
    },
    agent,
    startedAt: startedAt.toISOString(),
    endsAt: endsAt.toISOString(),
    ...(stoppedAt === undefined ? {} : { stoppedAt: stoppedAt.toISOString() }),
    state: stateOf(session, now),
  };
}

function stateOf({ stoppedAt, endsAt }: Session, now: Date): SessionSummary["state"] {
  if (stoppedAt !== undefined) return "stopped";
  return now < endsAt ? "running" : "ended";
}
