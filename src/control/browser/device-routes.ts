import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { DeviceAnswer } from "#api";
import { isFresh } from "#identity";
import { limits } from "#lib/limits";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { onRecord } from "../on-record.ts";
import { deviceCodePage, deviceConfirmPage, deviceDonePage } from "../pages/device-page.ts";
import { ControlRefusal } from "../refusal.ts";
import { type App, perMinute } from "../routes/app.ts";
import { sendPage } from "./page-routes.ts";
import type { Visitor, Visitors } from "./visitor.ts";

/** The command line is the one client of ours that waits; a code begun by one client is worth nothing to another. */
const clientId = "gatehouse-cli";

/** What a machine says of itself stands on the page that asks: visible characters, and not many. */
const words = z
  .string()
  .min(1)
  .max(limits.deviceWordsCharsMax)
  .regex(/^\P{C}+$/u);
const deviceRequest = z.object({ client_id: z.literal(clientId), machine: words, command: words });
const codeForm = z.object({ form_token: z.string(), user_code: z.string().min(1).max(64) });
const decisionForm = codeForm.extend({ verdict: z.enum(["approve", "refuse"]) });

/** A command waits (RFC 8628), and a person signs it in with the browser, at whichever provider they have. */
export function addDeviceRoutes(app: App, ports: ControlPlanePorts, visitors: Visitors): void {
  addDeviceRequestRoute(app, ports);
  const { deviceSignIns } = ports.identity;
  const record = onRecord(ports);
  const config = { ...perMinute(limits.signInsPerMinuteMax), isPage: true };

  app.get("/device", { config }, async (request, reply) => {
    const visitor = visitors.find(request);
    // Somebody who is there now, at this browser: what they sign in acts in their name for a day.
    if (visitor === undefined || !isFresh(visitor.actor, ports.clock.now())) {
      return reply.redirect("/sign-in?fresh=1&return=%2Fdevice", 303);
    }
    const claimed = deviceSignIns.claimed(visitor.id);
    const main = claimed === undefined ? deviceCodePage(visitor) : deviceConfirmPage(claimed, visitor);
    return sendPage(reply, { title: "Sign in a command", visitor, main, ports });
  });

  app.post("/device", { config, schema: { body: codeForm } }, async (request, reply) => {
    const visitor = requireFreshVisitor(request, { ports, visitors });
    const claimant = { browserId: visitor.id, principalId: visitor.actor.principal.id };
    const outcome = deviceSignIns.claim(request.body.user_code, claimant);
    if (outcome === "too_many_guesses") throw new ControlRefusal("too_many_guesses", claimant.principalId);
    if (outcome === "unknown") throw new ControlRefusal("device_code_unknown", claimant.principalId);
    return reply.redirect("/device", 303);
  });

  app.post("/device/decision", { config, schema: { body: decisionForm } }, async (request, reply) => {
    const visitor = requireFreshVisitor(request, { ports, visitors });
    const isApproved = request.body.verdict === "approve";
    const decision = { request, userCode: request.body.user_code, isApproved };
    const isStillHere = (): boolean => visitors.find(request)?.id === visitor.id;
    await decide(visitor, decision, { ports, record, isStillHere });
    return sendDone(reply, { visitor, isApproved, ports });
  });
}

function addDeviceRequestRoute(app: App, ports: ControlPlanePorts): void {
  const config = perMinute(limits.deviceRequestsPerMinuteMax);
  app.post("/v1/device", { config }, async (request, reply) => {
    const parsed = deviceRequest.safeParse(request.body);
    if (!parsed.success) {
      const error_description = "Send a form with client_id, machine and command.";
      return reply.status(400).send({ error: "invalid_request", error_description });
    }
    const { machine, command } = parsed.data;
    const codes = ports.identity.deviceSignIns.begin({ clientId, machine, command, address: request.ip });
    if (codes === undefined) {
      const error_description = "Too many commands wait for somebody to sign them in. Try again in a minute.";
      return reply.status(503).send({ error: "temporarily_unavailable", error_description });
    }
    const answer: DeviceAnswer = {
      device_code: codes.deviceCode,
      user_code: codes.userCode,
      verification_uri: `${ports.url}/device`,
      expires_in: codes.lifeMs / 1000,
      interval: codes.intervalMs / 1000,
    };
    return reply.send(answer);
  });
}

interface Hall {
  readonly ports: ControlPlanePorts;
  readonly visitors: Visitors;
}

function requireFreshVisitor(request: FastifyRequest, { ports, visitors }: Hall): Visitor {
  const formToken: unknown = z.object({ form_token: z.unknown() }).parse(request.body).form_token;
  const visitor = visitors.requireForm(request, formToken);
  if (isFresh(visitor.actor, ports.clock.now())) return visitor;
  throw new ControlRefusal("sign_in_not_fresh", "a device sign-in");
}

interface DecisionTools {
  readonly ports: ControlPlanePorts;
  readonly record: ReturnType<typeof onRecord>;
  /** Whether the browser session has not been ended meanwhile. */
  readonly isStillHere: () => boolean;
}

interface Decision {
  readonly request: FastifyRequest;
  readonly userCode: string;
  readonly isApproved: boolean;
}

/** Only what this browser session has claimed and was shown; and nobody signs a machine in without a record of it. */
async function decide(
  { id, actor }: Visitor,
  { request, userCode, isApproved }: Decision,
  { ports, record, isStillHere }: DecisionTools,
): Promise<void> {
  const { deviceSignIns, mayUseAgents } = ports.identity;
  const claimed = deviceSignIns.claimed(id);
  if (claimed === undefined || claimed.userCode !== userCode) {
    throw new ControlRefusal("device_code_unknown", "decided without a claim");
  }
  const { principal } = actor;
  if (isApproved && !mayUseAgents(principal)) throw new ControlRefusal("not_permitted", principal.id);
  const { machine, command, address } = claimed;
  await record({
    kind: isApproved ? "auth.signed_in" : "auth.refused",
    detail: {
      where: "device",
      principal: principal.email ?? principal.subject,
      issuer: principal.issuer,
      address: request.ip,
      device: { machine, command, address },
    },
  });
  // A stop takes back what was approved; it cannot take back what is approved after it.
  if (!isStillHere()) throw new ControlRefusal("sign_in_needed", "stopped while deciding");
  const isDecided = deviceSignIns.decide(userCode, id, isApproved ? principal : "denied");
  if (!isDecided) throw new ControlRefusal("device_code_unknown", "decided too late");
}

function sendDone(
  reply: FastifyReply,
  { visitor, isApproved, ports }: { visitor: Visitor; isApproved: boolean; ports: ControlPlanePorts },
): FastifyReply {
  return sendPage(reply, { title: "Sign in a command", visitor, main: deviceDonePage(isApproved), ports });
}
