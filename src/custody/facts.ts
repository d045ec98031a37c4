import type { NewEntry } from "#audit";
import type { Principal } from "#identity";
import type { CustodyRequest, Hold } from "./hold.ts";

// What custody does, as entries. Their details are under the day's key: they tell of an erasure after it.

export function holdEntry({ id, scope, reason, setBy }: Hold): NewEntry {
  const on = "sessionId" in scope ? { session: scope.sessionId } : { query: stated(scope.query) };
  return {
    kind: "hold.set",
    ...("sessionId" in scope ? { sessionId: scope.sessionId } : {}),
    isKeptFromErasure: true,
    detail: { principal: nameOf(setBy), hold: id, reason, ...on },
  };
}

export function requestEntry({ id, act, subject, reason, requestedBy }: CustodyRequest): NewEntry {
  return {
    kind: act === "erase" ? "erase.requested" : "hold.release_requested",
    ...(act === "erase" ? { sessionId: subject } : {}),
    isKeptFromErasure: true,
    detail: {
      principal: nameOf(requestedBy),
      request: id,
      ...(act === "erase" ? {} : { hold: subject }),
      reason,
    },
  };
}

export function releaseEntry(request: CustodyRequest, confirmedBy: Principal): NewEntry {
  return {
    kind: "hold.release",
    isKeptFromErasure: true,
    detail: { ...bothOf(request, confirmedBy), hold: request.subject },
  };
}

export function shredEntry(request: CustodyRequest, confirmedBy: Principal): NewEntry {
  return {
    kind: "key.shred",
    sessionId: request.subject,
    decision: "erasure",
    isKeptFromErasure: true,
    detail: bothOf(request, confirmedBy),
  };
}

export function retentionEntry(sessionId: string, keptDays: number): NewEntry {
  return {
    kind: "key.shred",
    sessionId,
    decision: "retention",
    isKeptFromErasure: true,
    detail: { principal: "retention", reason: "retention", keptDays },
  };
}

function bothOf({ id, reason, requestedBy }: CustodyRequest, confirmedBy: Principal) {
  return {
    principal: nameOf(confirmedBy),
    request: id,
    reason,
    requestedBy: nameOf(requestedBy),
    requestedById: requestedBy.id,
    confirmedBy: nameOf(confirmedBy),
    confirmedById: confirmedBy.id,
  };
}

function nameOf({ email, subject }: Principal): string {
  return email ?? subject;
}

function stated(query: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
}
