import { z } from "zod";
import type { Confirmation, CustodyRequest, Hold, HoldQuery } from "#custody";
import type { Principal } from "#identity";
import type { Row, SqlValue, Statement } from "./database.ts";
import { storable } from "./findable-name.ts";

export const holdColumns =
  "id, reason, set_by, set_at, session_id, principal, agent, resource, operation, class, from_time, to_time";

/** Names whole, as they were given; a search finds by their beginning, and so does a hold. */
export function holdValues({ id, reason, setBy, setAt, scope }: Hold): readonly SqlValue[] {
  const query: HoldQuery = "query" in scope ? scope.query : {};
  return [
    id,
    reason,
    personText(setBy),
    setAt.getTime(),
    "sessionId" in scope ? scope.sessionId : null,
    nameOrNull(query.principal),
    nameOrNull(query.agent),
    nameOrNull(query.resource),
    query.operation ?? null,
    query.class ?? null,
    query.from ?? null,
    query.to ?? null,
  ];
}

function nameOrNull(name: string | undefined): SqlValue {
  return name === undefined ? null : storable(name);
}

export const requestColumns = "id, act, subject, reason, requested_by, requested_at, confirmed_at";

/** In the order of `requestColumns`, without the last. */
export function requestValues(request: CustodyRequest): readonly SqlValue[] {
  const { id, act, subject, reason, requestedBy, requestedAt } = request;
  return [id, act, subject, reason, personText(requestedBy), requestedAt.getTime()];
}

/** Once. */
export function confirmStatement({ requestId, confirmedBy, at }: Confirmation): Statement {
  return {
    sql: "UPDATE audit_request SET confirmed_by = ?, confirmed_at = ? WHERE id = ? AND confirmed_at IS NULL",
    values: [personText(confirmedBy), at.getTime(), requestId],
    mustChange: 1,
  };
}

/** Who it was, without their groups: those are of that sign-in. */
function personText({ id, issuer, subject, email }: Principal): string {
  return JSON.stringify({ id, issuer, subject, email: email ?? null });
}

const orMissing = <T>(value: T | null): T | undefined => value ?? undefined;
const word = z.string().nullable().transform(orMissing);
const time = z.number().transform((ms) => new Date(ms));
const person = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.object({ id: z.string(), issuer: z.string(), subject: z.string(), email: word }))
  .transform((parsed): Principal => ({ ...parsed, groups: [] }));

const holdRow = z.object({
  id: z.string(),
  reason: z.string(),
  set_by: person,
  set_at: time,
  session_id: word,
  principal: word,
  agent: word,
  resource: word,
  operation: word,
  class: word,
  from_time: word,
  to_time: word,
});

export function parseHold(row: Row): Hold {
  const parsed = holdRow.parse(row);
  const { id, reason, set_by: setBy, set_at: setAt, session_id: sessionId } = parsed;
  const { principal, agent, resource, operation, class: riskClass, from_time: from, to_time: to } = parsed;
  const query = { principal, agent, resource, operation, class: riskClass, from, to };
  return { id, reason, setBy, setAt, scope: sessionId === undefined ? { query } : { sessionId } };
}

const requestRow = z.object({
  id: z.string(),
  act: z.enum(["erase", "release"]),
  subject: z.string(),
  reason: z.string(),
  requested_by: person,
  requested_at: time,
  confirmed_at: z.number().nullable(),
});

export function parseRequest(row: Row): CustodyRequest {
  const { id, act, subject, reason, requested_by, requested_at, confirmed_at } = requestRow.parse(row);
  return {
    id,
    act,
    subject,
    reason,
    requestedBy: requested_by,
    requestedAt: requested_at,
    isConfirmed: confirmed_at !== null,
  };
}
