import { z } from "zod";
import { limits } from "#lib/limits";
import { ControlRefusal } from "../refusal.ts";
import { type App, perMinute, providerParams } from "../routes/app.ts";
import { sendDownload } from "../routes/download.ts";
import type { SignInHall } from "./sign-in-finish.ts";
import { Vault } from "./vault.ts";

interface PostedAnswer {
  readonly providerId: string;
  readonly response: string;
}

const answerForm = z.object({ SAMLResponse: z.string().min(1).max(limits.samlPostBytesMax) });
const ticketQuery = z.object({ ticket: z.unknown().optional() });

/**
 * Where SAML providers let the browser post their answers. A post from elsewhere brings no cookie of ours (they are Lax,
 * and stay so), so the answer waits under a name of its own while the browser is sent on to where its cookie counts.
 * Nothing is read of it before: strangers can neither spend somebody's pending sign-in nor make us parse what they like.
 */
export function addSamlRoutes(app: App, hall: SignInHall): void {
  const { ports, pendingSignIns, finish } = hall;
  const caps = { max: limits.samlAnswersWaitingMax, lifeMs: limits.samlAnswerWaitMs };
  const waiting = new Vault<PostedAnswer>(caps, ports.clock);
  const config = { ...perMinute(limits.signInsPerMinuteMax), isPage: true };

  const consumer = {
    config,
    // The form's other field is RelayState, which says nothing to us.
    bodyLimit: limits.samlPostBytesMax * 2,
    schema: { params: providerParams, body: answerForm },
  };
  app.post("/saml/:provider/acs", consumer, async (request, reply) => {
    const providerId = request.params.provider;
    requireProvider(providerId, hall);
    const ticket = waiting.put({ providerId, response: request.body.SAMLResponse });
    return reply.redirect(`/sign-in/saml?ticket=${ticket}`, 303);
  });

  app.get("/sign-in/saml", { config, schema: { querystring: ticketQuery } }, async (request, reply) => {
    const { ticket } = request.query;
    const posted = waiting.take(typeof ticket === "string" ? ticket : undefined);
    if (posted === undefined)
      throw new ControlRefusal("sign_in_unknown", "no answer waits under this ticket");
    const answer = { kind: "saml" as const, ...posted };
    return finish(answer, pendingSignIns.take(request, reply), { request, reply });
  });

  app.get("/saml/:provider", { config, schema: { params: providerParams } }, async (request, reply) => {
    const metadata = requireProvider(request.params.provider, hall);
    return sendDownload(reply, {
      type: "application/samlmetadata+xml; charset=utf-8",
      name: `gatehouse-${request.params.provider}.xml`,
      content: metadata,
    });
  });
}

function requireProvider(id: string, { ports }: SignInHall): string {
  const metadata = ports.identity.browserSignIn.samlMetadata(id);
  if (metadata === undefined) throw new ControlRefusal("not_here", `no SAML provider ${id}`);
  return metadata;
}
