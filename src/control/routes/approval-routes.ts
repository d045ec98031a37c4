import type { FastifyReply } from "fastify";
import { z } from "zod";
import { approvalDetail, approvalList, approvalStatus, voteRequest } from "#api";
import { type ApprovalRequest, isAskedOf } from "#approvals";
import { type Actor, permissionOf } from "#identity";
import { limits } from "#lib/limits";
import { detailOf, statusOf } from "../approval-views.ts";
import { requireActor, requirePermission } from "../asker.ts";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { ControlRefusal } from "../refusal.ts";
import { castVote } from "../votes.ts";
import { type App, approvalParams, perMinute } from "./app.ts";

export function addApprovalRoutes(app: App, ports: ControlPlanePorts): void {
  const { approvals } = ports;

  app.get("/api/v1/approvals", { schema: { response: { 200: approvalList } } }, async (request) => {
    const actor = await requireActor(request, ports);
    requirePermission(actor, "approval.review", ports);
    const asked = (await approvals.list({})).filter((each) => isAskedOf(each, actor.principal));
    return { approvals: asked.map(detailOf) };
  });

  const detail = { schema: { params: approvalParams, response: { 200: approvalDetail } } };
  app.get("/api/v1/approvals/:id", detail, async (request) => {
    const actor = await requireActor(request, ports);
    requirePermission(actor, "approval.review", ports);
    return detailOf(await requireAskedRequest(request.params.id, actor, ports));
  });

  const vote = {
    schema: { params: approvalParams, body: voteRequest, response: { 200: approvalStatus } },
    config: perMinute(limits.votesPerMinuteMax),
  };
  app.post("/api/v1/approvals/:id/votes", vote, async (request) => {
    const actor = await requireActor(request, ports);
    return statusOf(await castVote(actor, request.params.id, request.body, ports));
  });

  addStatusRoute(app, ports);
}

/** Whole seconds to wait for a decision; more than we grant is what we grant. */
const statusQuery = z.object({ wait: z.coerce.number().int().min(0).max(86_400).default(0) });

function addStatusRoute(app: App, ports: ControlPlanePorts): void {
  // Owned here: how many answers are being held back. Past the limit nobody waits, everybody is answered at once.
  let waiting = 0;
  const closing = new AbortController();
  app.addHook("preClose", async () => closing.abort());

  const options = {
    schema: { params: approvalParams, querystring: statusQuery, response: { 200: approvalStatus } },
  };
  app.get("/api/v1/approvals/:id/status", options, async (request, reply) => {
    const actor = await requireActor(request, ports);
    const found = await ports.approvals.find(request.params.id);
    requireFollower(actor, found, ports);
    const timeoutMs = Math.min(request.query.wait * 1000, limits.approvalWaitMsMax);
    if (timeoutMs === 0 || waiting >= limits.heldRequestsTotalMax) return statusOf(found);
    waiting += 1;
    try {
      const signal = AbortSignal.any([closing.signal, goneSignal(reply)]);
      return statusOf(await ports.approvals.wait(found.id, { timeoutMs, signal }));
    } finally {
      waiting -= 1;
    }
  });
}

/** Whose request it is not learns nothing about it, not even that it exists. */
function requireFollower(
  actor: Actor,
  request: ApprovalRequest | undefined,
  ports: ControlPlanePorts,
): asserts request is ApprovalRequest {
  const now = ports.clock.now();
  const isOwn = request?.requester.id === actor.principal.id;
  const mayFollow = isOwn && permissionOf(actor, "approval.follow_own", now) === "granted";
  const isAsked = request !== undefined && isAskedOf(request, actor.principal);
  const mayReview = isAsked && permissionOf(actor, "approval.review", now) === "granted";
  if (request === undefined || !(mayFollow || mayReview)) throw new ControlRefusal("not_found", "not theirs");
}

/** What is put to others is, to this approver, not there. */
export async function requireAskedRequest(
  id: string,
  actor: Actor,
  { approvals }: ControlPlanePorts,
): Promise<ApprovalRequest> {
  const request = await approvals.find(id);
  if (request === undefined || !isAskedOf(request, actor.principal))
    throw new ControlRefusal("not_found", id);
  return request;
}

/** Aborted when the client hangs up before its answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return gone.signal;
}
