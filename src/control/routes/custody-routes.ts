import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { confirmation, custodyRequest, erasureRequest, hold, holdList, newHold, releaseRequest } from "#api";
import type { Confirmed, HoldSet, Requested } from "#custody";
import type { Actor } from "#identity";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { requireActor, requirePermission } from "../asker.ts";
import type { AuditSubject } from "../audit-reads.ts";
import { holdViewOf, requestViewOf, scopeOf } from "../custody-views.ts";
import { ControlRefusal } from "../refusal.ts";
import { type Reading, requireRecordedRead } from "../require-auditor.ts";
import { reasonOf } from "../stated-reason.ts";
import { type App, perMinute } from "./app.ts";

const idParams = z.object({ id: z.string().regex(/^(hld|req)_[A-Za-z0-9]{1,64}$/) });
const config = perMinute(limits.votesPerMinuteMax);

/** Holds and erasures, for auditors who signed in just now. Whatever is refused is on record as well. */
export function addCustodyRoutes(app: App, reading: Reading): void {
  const { custody } = reading.ports;

  app.get("/api/v1/audit/holds", { schema: { response: { 200: holdList } } }, async (request) => {
    await requireRecordedRead(request, { what: "holds" }, reading);
    const { holds, requests } = await custody.list();
    return { holds: holds.map(holdViewOf), requests: requests.map(requestViewOf) };
  });

  const set = { schema: { body: newHold, response: { 200: hold } }, config };
  app.post("/api/v1/audit/holds", set, async (request) => {
    const { body } = request;
    const subject = { what: "hold", ...("session" in body ? { sessionId: body.session } : {}) } as const;
    return acting(request, subject, reading, async ({ principal }) =>
      holdViewOf(held(await custody.setHold(principal, scopeOf(body), reasonOf(body)))),
    );
  });

  const release = {
    schema: { params: idParams, body: releaseRequest, response: { 200: custodyRequest } },
    config,
  };
  app.post("/api/v1/audit/holds/:id/release", release, async (request) => {
    const { id } = request.params;
    return acting(request, { what: "release", id }, reading, async ({ principal }) =>
      requestViewOf(requested(await custody.requestRelease(principal, id, reasonOf(request.body)))),
    );
  });

  const erase = { schema: { body: erasureRequest, response: { 200: custodyRequest } }, config };
  app.post("/api/v1/audit/erasures", erase, async (request) => {
    const { session: sessionId } = request.body;
    return acting(request, { what: "erasure", sessionId }, reading, async ({ principal }) =>
      requestViewOf(requested(await custody.requestErasure(principal, sessionId, reasonOf(request.body)))),
    );
  });

  const confirm = { schema: { params: idParams, response: { 200: confirmation } }, config };
  app.post("/api/v1/audit/requests/:id/confirmation", confirm, async (request) => {
    const { id } = request.params;
    return acting(request, { what: "confirmation", id }, reading, async ({ principal }) =>
      confirmedView(await custody.confirm(principal, id)),
    );
  });
}

/** Acts as an auditor; a refusal, of the person or of the act, is on record before it is thrown. */
async function acting<Answer>(
  request: FastifyRequest,
  subject: AuditSubject,
  { ports, reads }: Reading,
  act: (auditor: Actor) => Promise<Answer>,
): Promise<Answer> {
  let actor: Actor | undefined;
  try {
    actor = await requireActor(request, ports);
    requirePermission(actor, "audit.custody", ports);
    return await act(actor);
  } catch (error) {
    if (error instanceof ControlRefusal) await reads.denied(actor, subject, error, "audit.act_denied");
    const isUnrecorded = error instanceof GatehouseError && error.code.startsWith("audit_");
    throw isUnrecorded ? new ControlRefusal("audit_unavailable", error.message) : error;
  }
}

function held(outcome: HoldSet) {
  if (outcome.kind === "refused") throw new ControlRefusal(outcome.code);
  return outcome.hold;
}

function requested(outcome: Requested) {
  if (outcome.kind === "refused") throw new ControlRefusal(outcome.code);
  return outcome.request;
}

function confirmedView(outcome: Confirmed): z.infer<typeof confirmation> {
  if (outcome.kind === "refused") throw new ControlRefusal(outcome.code);
  const request = requestViewOf(outcome.request);
  if (outcome.kind === "released") return { request, outcome: "released" };
  const { isScrubbed, isLeftToVacuum } = outcome;
  return { request, outcome: "erased", isScrubbed, isLeftToVacuum };
}
