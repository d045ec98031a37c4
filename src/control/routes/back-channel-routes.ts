import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { type ProviderSignOut, unnamedProvider } from "#identity";
import { limits } from "#lib/limits";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { onRecord } from "../on-record.ts";
import { ControlRefusal } from "../refusal.ts";
import { refusedSignIns } from "../refused-sign-ins.ts";
import { type App, perMinute, providerParams } from "./app.ts";

/** One parameter (OpenID Connect Back-Channel Logout section 2.5). What is no such form names no token. */
const form = z.object({ logout_token: z.string() }).catch({ logout_token: "" });

/** Where identity providers say that somebody is signed out. Their signature is the proof; there is no other. */
export function addBackChannelRoutes(app: App, ports: ControlPlanePorts): void {
  const config = perMinute(limits.logoutsPerMinuteMax);
  const receive = receiver(ports);
  const path = "/sign-in/back-channel-logout";
  app.post(path, { config }, (request, reply) => receive(unnamedProvider, request, reply));
  const named = { config, schema: { params: providerParams } };
  app.post(`${path}/:provider`, named, (request, reply) => receive(request.params.provider, request, reply));
}

type Receive = (
  providerId: string,
  request: Pick<FastifyRequest, "body" | "ip">,
  reply: FastifyReply,
) => Promise<FastifyReply>;

function receiver(ports: ControlPlanePorts): Receive {
  const { signOuts } = ports.identity;
  const onRefused = refusedSignIns(ports);
  const record = onRecord(ports);

  async function obey(signOut: ProviderSignOut, address: string): Promise<void> {
    const { issuer, subject, principalId } = signOut;
    const { sessions, logins, browsers } = await signOuts.obey(signOut);
    const what = { browsers, logins, sessions: sessions.length };
    const detail = { where: "back_channel", principal: principalId, issuer, subject, address, ...what };
    await record({ kind: "auth.signed_out", detail });
  }

  return async (providerId, { body, ip: address }, reply) => {
    const verdict = await signOuts.prove(providerId, form.parse(body).logout_token);
    if (verdict.kind === "refused") {
      const { code, detail } = verdict;
      await onRefused({ where: "back_channel_logout", code, detail, address });
      if (code === "provider_unavailable") throw new ControlRefusal("provider_unavailable", detail);
      // Section 2.8: an error in OAuth's shape. Which check failed is told to our log alone.
      const error_description = "This is not a logout token that counts here.";
      return reply.status(400).send({ error: "invalid_request", error_description });
    }
    if (verdict.kind === "signed_out") await obey(verdict.signOut, address);
    return reply.status(200).send();
  };
}
