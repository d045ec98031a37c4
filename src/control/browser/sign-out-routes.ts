import { randomBytes } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { SignedInAtProvider } from "#identity";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { onRecord } from "../on-record.ts";
import { type SignedOut, signedOutPage } from "../pages/signed-out-page.ts";
import { type App, perMinute } from "../routes/app.ts";
import { browserCookie } from "./cookies.ts";
import { sendPage } from "./page-routes.ts";
import { Vault } from "./vault.ts";
import type { Visitors } from "./visitor.ts";

const signOutForm = z.object({ form_token: z.string() });

/** A sign-out under way: still to be taken to the provider, or sent there and expected back with this state. */
type Leaving =
  | { readonly kind: "here"; readonly atProvider: SignedInAtProvider }
  | { readonly kind: "sent"; readonly state: string };

/**
 * Signing out with the browser. The session here ends first, whatever the provider does then (OpenID Connect RP-Initiated
 * Logout 1.0). The way to the provider begins at a page of ours rather than at the form, since browsers hold the form's
 * `form-action` against every redirect that follows it.
 */
export function addSignOutRoutes(app: App, ports: ControlPlanePorts, visitors: Visitors): void {
  const config = { ...perMinute(limits.signInsPerMinuteMax), isPage: true };
  const record = onRecord(ports);
  const leaving = openLeaving(ports);

  app.post("/sign-out", { config, schema: { body: signOutForm } }, async (request, reply) => {
    const { actor } = visitors.requireForm(request, request.body.form_token);
    const left = visitors.leave(request, reply);
    if (left?.atProvider !== undefined) leaving.put(reply, { kind: "here", atProvider: left.atProvider });
    const { email, subject, issuer } = actor.principal;
    const detail = { where: "browser", principal: email ?? subject, issuer, address: request.ip };
    await record({ kind: "auth.signed_out", detail });
    return reply.redirect("/signed-out", 303);
  });

  app.get("/sign-out/at-provider", { config }, async (request, reply) => {
    const found = leaving.take(request, reply);
    const state = randomBytes(32).toString("base64url");
    const location = found?.kind === "here" ? await endSession(found.atProvider, state, ports) : undefined;
    if (location === undefined) return reply.redirect("/signed-out", 303);
    leaving.put(reply, { kind: "sent", state });
    return reply.redirect(location.href, 303);
  });

  app.get("/signed-out", { config }, async (request, reply) => {
    const how = leaving.progress(request, reply);
    const visitor = visitors.find(request);
    // A link to this page, or one step back after the next sign-in, must not tell somebody that they are signed out.
    if (visitor !== undefined) return reply.redirect("/", 303);
    // A navigation of this page's own, which no `form-action` is held against.
    if (how === "going_on") reply.header("refresh", "0; url=/sign-out/at-provider");
    const main = signedOutPage(how);
    return sendPage(reply, { title: "Signed out", visitor, main, ports });
  });
}

/** A provider that is down, or has no such place, leaves nothing to do: here everything has ended already. */
async function endSession(
  atProvider: SignedInAtProvider,
  state: string,
  { identity, url, log }: ControlPlanePorts,
): Promise<URL | undefined> {
  try {
    return await identity.browserSignIn.signOut(atProvider, { returnTo: `${url}/signed-out`, state });
  } catch (error) {
    log.info({ detail: messageOf(error), provider: atProvider.providerId }, "no sign-out at the provider");
    return undefined;
  }
}

/** Bound to the browser by a cookie, like a sign-in, so that nobody else's answer shows as theirs. */
function openLeaving({ url, clock }: ControlPlanePorts) {
  const cookie = browserCookie("gatehouse_sign_out", new URL(url).protocol === "https:");
  const vault = new Vault<Leaving>({ max: limits.pendingSignInsMax, lifeMs: limits.signInMsMax }, clock);
  const take = (request: FastifyRequest, reply: FastifyReply): Leaving | undefined => {
    const found = vault.take(cookie.read(request));
    cookie.clear(reply);
    return found;
  };
  return {
    put: (reply: FastifyReply, wanted: Leaving): void =>
      cookie.write(reply, vault.put(wanted), limits.signInMsMax),
    take,
    progress: (request: FastifyRequest, reply: FastifyReply): SignedOut => {
      if (vault.get(cookie.read(request))?.kind === "here") return "going_on";
      const found = take(request, reply);
      const given = z.object({ state: z.string() }).safeParse(request.query);
      const isExpected = found?.kind === "sent" && given.success && given.data.state === found.state;
      return isExpected ? "at_provider_too" : "here";
    },
  };
}
