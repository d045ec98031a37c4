import { readFileSync } from "node:fs";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { voteRequest } from "#api";
import { isAskedOf } from "#approvals";
import { limits } from "#lib/limits";
import { requirePermission } from "../asker.ts";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { approvalPage } from "../pages/approval-page.ts";
import type { Html } from "../pages/html.ts";
import { inboxPage } from "../pages/inbox-page.ts";
import { layout } from "../pages/layout.ts";
import { overviewPage } from "../pages/overview-page.ts";
import { type App, approvalParams, perMinute } from "../routes/app.ts";
import { requireAskedRequest } from "../routes/approval-routes.ts";
import { castVote } from "../votes.ts";
import type { Visitor, Visitors } from "./visitor.ts";

const style = readFileSync(new URL("../pages/style.css", import.meta.url), "utf8");

/** A text field that was left empty says nothing. */
const ballotForm = voteRequest.extend({
  form_token: z.string(),
  reason: z.preprocess((value) => (value === "" ? undefined : value), voteRequest.shape.reason),
});

export function addPageRoutes(app: App, ports: ControlPlanePorts, visitors: Visitors): void {
  const { approvals, catalogue, serverInfo, clock } = ports;
  const config = { isPage: true };

  app.get("/style.css", async (_request, reply) =>
    reply.type("text/css; charset=utf-8").header("cache-control", "max-age=300").send(style),
  );

  app.get("/", { config }, async (request, reply) => {
    const visitor = visitors.find(request);
    const readiness = await ports.readiness();
    const main = overviewPage({ visitor, serverInfo, readiness, now: clock.now() });
    return sendPage(reply, { title: "Overview", visitor, main, ports });
  });

  app.get("/approvals", { config }, async (request, reply) => {
    const visitor = await requireReviewer(request, reply, { ports, visitors });
    if (visitor === undefined) return reply;
    const asked = (await approvals.list({})).filter((each) => isAskedOf(each, visitor.actor.principal));
    const main = inboxPage(asked, clock.now());
    return sendPage(reply, { title: "Approvals", visitor, main, ports });
  });

  app.get("/approvals/:id", { config, schema: { params: approvalParams } }, async (request, reply) => {
    const visitor = await requireReviewer(request, reply, { ports, visitors });
    if (visitor === undefined) return reply;
    const found = await requireAskedRequest(request.params.id, visitor.actor, ports);
    const classReason = catalogue.operation(found.operationId)?.classReason;
    const main = approvalPage({ request: found, visitor, classReason, now: clock.now() });
    return sendPage(reply, { title: `Approval ${found.id}`, visitor, main, ports });
  });

  const vote = {
    schema: { params: approvalParams, body: ballotForm },
    config: { ...config, ...perMinute(limits.votesPerMinuteMax) },
  };
  app.post("/approvals/:id", vote, async (request, reply) => {
    const { form_token: formToken, ...ballot } = request.body;
    const visitor = visitors.requireForm(request, formToken);
    await castVote(visitor.actor, request.params.id, ballot, ports);
    return reply.redirect(`/approvals/${request.params.id}`, 303);
  });
}

interface Hall {
  readonly ports: ControlPlanePorts;
  readonly visitors: Visitors;
}

/** Whoever is not signed in is sent to do that first and comes back here; then there is no visitor. */
async function requireReviewer(
  request: FastifyRequest,
  reply: FastifyReply,
  { ports, visitors }: Hall,
): Promise<Visitor | undefined> {
  const visitor = visitors.find(request);
  if (visitor === undefined) {
    const [path = "/"] = request.url.split("?");
    await reply.redirect(`/sign-in?return=${encodeURIComponent(path)}`, 303);
    return undefined;
  }
  requirePermission(visitor.actor, "approval.review", ports);
  return visitor;
}

interface SentPage {
  readonly title: string;
  readonly visitor: Visitor | undefined;
  readonly main: Html;
  readonly ports: Pick<ControlPlanePorts, "serverInfo">;
}

export function sendPage(reply: FastifyReply, { title, visitor, main, ports }: SentPage): FastifyReply {
  const { isDevelopment } = ports.serverInfo.signIn;
  return reply.type("text/html; charset=utf-8").send(layout({ title, visitor, isDevelopment }, main));
}
