import type { FastifyRequest } from "fastify";
import {
  exchangeDetail,
  sessionDetail,
  sessionDetailQuery,
  sessionList,
  sessionSummary,
  sessionsStop,
  sessionsStopped,
} from "#api";
import type { Act, Actor, Session, Whose } from "#identity";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { requireActor, requirePermission } from "../asker.ts";
import type { AuditSubject } from "../audit-reads.ts";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { erasureViewOf } from "../entry-views.ts";
import { onRecord } from "../on-record.ts";
import { ControlRefusal } from "../refusal.ts";
import type { Reading } from "../require-auditor.ts";
import { requireSessionRead } from "../session-readers.ts";
import { summaryOf } from "../session-views.ts";
import { type App, exchangeParams, perMinute, sessionParams } from "./app.ts";

export function addSessionRoutes(app: App, reading: Reading): void {
  const { ports } = reading;
  addStopRoute(app, ports);
  addEndRoute(app, ports);
  addReadRoutes(app, reading);
  const { identity, clock } = ports;
  const stop = { schema: { params: sessionParams, response: { 200: sessionSummary } } };
  app.post("/api/v1/sessions/:id/stop", stop, async (request) => {
    const actor = await requireActor(request, ports);
    const { id } = request.params;
    requireStop(actor, await findSession(id, ports), ports);
    await identity.sessions.stop({ id }, { kind: "person", principal: actor.principal });
    return summaryOf(await requireSession(id, ports), clock.now());
  });
}

function addReadRoutes(app: App, reading: Reading): void {
  const { identity, exchanges, entries, clock } = reading.ports;

  app.get("/api/v1/sessions", { schema: { response: { 200: sessionList } } }, async (request) => {
    const visible = await requireSessionRead(request, { what: "sessions" }, reading);
    const owner = visible.kind === "own" ? visible.principalId : undefined;
    const sessions = await identity.sessions.list(limits.listedSessionsMax, owner);
    return { sessions: sessions.map((session) => summaryOf(session, clock.now())) };
  });

  const detail = {
    schema: { params: sessionParams, querystring: sessionDetailQuery, response: { 200: sessionDetail } },
  };
  app.get("/api/v1/sessions/:id", detail, async (request) => {
    const { id } = request.params;
    const session = await readableSession(request, { what: "session", sessionId: id }, reading);
    const erasure = await entries.erasureOf(id);
    const page = await exchanges.exchangesOf(id, request.query.before);
    return {
      ...summaryOf(session, clock.now()),
      ...(erasure === undefined ? {} : { erasure: erasureViewOf(erasure) }),
      ...(page.next === undefined ? {} : { next: page.next }),
      exchanges: page.exchanges,
    };
  });

  const schema = { params: exchangeParams, response: { 200: exchangeDetail } };
  const config = perMinute(limits.recordingsPerMinuteMax);
  // One at a time, so that no session is too large to be read, and no reader costs more memory than one exchange has.
  app.get("/api/v1/sessions/:id/exchanges/:exchange", { schema, config }, async (request) => {
    const { id, exchange } = request.params;
    await readableSession(request, { what: "recordings", sessionId: id }, reading);
    const found = await exchanges.exchange(id, exchange);
    if (found === undefined) throw new ControlRefusal("not_found", `${exchange} of ${id}`);
    return found;
  });
}

/** On record before it returns, and before anybody learns whether there is such a session. */
async function readableSession(
  request: FastifyRequest,
  subject: AuditSubject & { readonly sessionId: string },
  reading: Reading,
): Promise<Session> {
  const session = await findSession(subject.sessionId, reading.ports);
  await requireSessionRead(request, { ...subject, owner: session?.principal.id }, reading);
  if (session === undefined) throw new ControlRefusal("not_found", subject.sessionId);
  return session;
}

/** Everything of one principal, of one identity provider, or everything; the browser that asks is not spared. */
function addStopRoute(app: App, ports: ControlPlanePorts): void {
  const { identity } = ports;
  const record = onRecord(ports);
  const schema = { body: sessionsStop, response: { 200: sessionsStopped } };
  app.post("/api/v1/sessions/stop", { schema }, async (request) => {
    const actor = await requireActor(request, ports);
    const which = "all" in request.body ? ("all" as const) : request.body;
    requireStopMany(actor, which, ports);
    const cause = { kind: "person", principal: actor.principal } as const;
    const { sessions, logins, browsers } = await identity.signOuts.end(which, cause);
    await record({
      kind: "session.stopped",
      detail: {
        which: nameOfMany(which),
        by: actor.principal.email ?? actor.principal.subject,
        sessions: sessions.length,
        logins,
        browsers,
      },
    });
    return { sessions: [...sessions], logins, browsers };
  });
}

/** The session of the token that says so: another's cannot be named here. */
function addEndRoute(app: App, ports: ControlPlanePorts): void {
  const { identity, clock, log } = ports;
  app.post(
    "/api/v1/sessions/this/end",
    { schema: { response: { 200: sessionSummary } } },
    async (request) => {
      const actor = await requireActor(request, ports);
      requirePermission(actor, "session.end_this", ports);
      const { sessionId: id } = actor;
      if (id === undefined) throw new ControlRefusal("missing_role", "no session's token", whoEnds);
      try {
        await identity.sessions.end(id);
      } catch (error) {
        // Entries and sessions are in one database: whichever of the two failed, the operator looks there.
        log.error({ err: error, sessionId: id }, "a session was not ended");
        throw new ControlRefusal("audit_unavailable", messageOf(error));
      }
      return summaryOf(await requireSession(id, ports), clock.now());
    },
  );
}

const whoEnds =
  "Only the gateway token of a session ends it; people stop sessions: gatehouse sessions stop ID";

function nameOfMany(which: Whose): string {
  if (which === "all") return "all";
  return "issuer" in which ? which.issuer : which.principal;
}

function requireStopMany(actor: Actor, which: Whose, ports: ControlPlanePorts): void {
  const isOwn = which !== "all" && "principal" in which && which.principal === actor.principal.id;
  requirePermission(actor, isOwn && isPerson(actor) ? "session.stop_own" : "session.stop_any", ports);
}

async function findSession(id: string, { identity }: ControlPlanePorts): Promise<Session | undefined> {
  const finding = await identity.sessions.find(id);
  return finding.kind === "unknown" ? undefined : finding.session;
}

async function requireSession(id: string, ports: ControlPlanePorts): Promise<Session> {
  const session = await findSession(id, ports);
  if (session === undefined) throw new ControlRefusal("not_found", id);
  return session;
}

function actOfStopping(session: Session | undefined, actor: Actor): Act {
  if (session === undefined) return "session.stop_any";
  if (session.id === actor.sessionId) return "session.stop_this";
  const isOwn = session.principal.id === actor.principal.id;
  return isOwn && isPerson(actor) ? "session.stop_own" : "session.stop_any";
}

/** What can be stored may be in an agent's hands, whoever it names. */
function isPerson({ proof }: Actor): boolean {
  return proof === "browser" || proof === "console_token";
}

/**
 * An administrator stops any session, a person their own, an agent the one it is in: it must not end what its owner, or
 * another agent of theirs, is let in with. Whoever may not does not learn whether there is such a session.
 */
function requireStop(actor: Actor, session: Session | undefined, ports: ControlPlanePorts): void {
  requirePermission(actor, actOfStopping(session, actor), ports);
  if (session === undefined) throw new ControlRefusal("not_found", "no such session");
}
