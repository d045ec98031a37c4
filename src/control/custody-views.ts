import type { CustodyRequestView, HoldView, NewHold } from "#api";
import type { CustodyRequest, Hold, HoldScope } from "#custody";
import type { Principal } from "#identity";

export function holdViewOf({ id, scope, reason, setBy, setAt }: Hold): HoldView {
  return {
    id,
    ...("sessionId" in scope ? { session: scope.sessionId } : { query: stated(scope.query) }),
    reason,
    setBy: nameOf(setBy),
    setAt: setAt.toISOString(),
  };
}

export function requestViewOf(request: CustodyRequest): CustodyRequestView {
  const { id, act, subject, reason, requestedBy, requestedAt } = request;
  return {
    id,
    act,
    subject,
    reason,
    requestedBy: nameOf(requestedBy),
    requestedAt: requestedAt.toISOString(),
  };
}

export function scopeOf(asked: NewHold): HoldScope {
  if ("session" in asked) return { sessionId: asked.session };
  const { from, to, principal, ...exact } = asked.query;
  return {
    query: {
      ...exact,
      principal: principal?.toLowerCase(),
      from: from === undefined ? undefined : new Date(from).toISOString(),
      to: to === undefined ? undefined : new Date(to).toISOString(),
    },
  };
}

function nameOf({ email, subject }: Principal): string {
  return email ?? subject;
}

/** Absent members stay absent: `undefined` is no JSON. */
function stated(query: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}
