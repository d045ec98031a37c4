import type { SessionSummary } from "#api";
import type { Session } from "#identity";

export function summaryOf(session: Session, now: Date): SessionSummary {
  const { id, principal, agent, startedAt, stoppedAt } = session;
  const endsAt = session.endedAt ?? session.endsAt;
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

/** What its agent had ended was over when somebody stopped it. */
function stateOf({ stoppedAt, endedAt, endsAt }: Session, now: Date): SessionSummary["state"] {
  if (endedAt !== undefined) return "ended";
  if (stoppedAt !== undefined) return "stopped";
  return now < endsAt ? "running" : "ended";
}
