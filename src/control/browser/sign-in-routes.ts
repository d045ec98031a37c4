import { z } from "zod";
import type { PendingSignIn } from "#identity";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { onRecord } from "../on-record.ts";
import { ControlRefusal } from "../refusal.ts";
import { refusedSignIns } from "../refused-sign-ins.ts";
import { type App, perMinute } from "../routes/app.ts";
import { browserCookie } from "./cookies.ts";
import { localReturnPath } from "./return-path.ts";
import { Vault } from "./vault.ts";
import type { Visitors } from "./visitor.ts";

interface Begun {
  readonly pending: PendingSignIn;
  readonly returnPath: string;
}

const signInQuery = z.object({ return: z.unknown().optional(), fresh: z.unknown().optional() });
const signOutForm = z.object({ form_token: z.string() });

/** The relying party's two ends of a sign-in, bound to one browser by a cookie that counts once. */
export function addSignInRoutes(app: App, ports: ControlPlanePorts, visitors: Visitors): void {
  const { browserSignIn } = ports.identity;
  const ownUrl = new URL(ports.url);
  const record = onRecord(ports);
  const onRefused = refusedSignIns(ports);
  const cookie = browserCookie("gatehouse_sign_in", ownUrl.protocol === "https:");
  const caps = { max: limits.pendingSignInsMax, lifeMs: limits.signInMsMax };
  const begun = new Vault<Begun>(caps, ports.clock);
  const config = { ...perMinute(limits.signInsPerMinuteMax), isPage: true };

  app.get("/sign-in", { config, schema: { querystring: signInQuery } }, async (request, reply) => {
    // Cookies belong to a name: a sign-in begun as `localhost` would come back as `127.0.0.1` and be a stranger.
    if (request.host !== ownUrl.host) return reply.redirect(`${ports.url}${request.url}`, 307);
    const isFresh = request.query.fresh !== undefined;
    const { location, pending } = await asRefusal(() => browserSignIn.begin({ isFresh }));
    const returnPath = localReturnPath(request.query.return);
    cookie.write(reply, begun.put({ pending, returnPath }), limits.signInMsMax);
    return reply.redirect(location.href, 303);
  });

  app.get("/sign-in/callback", { config }, async (request, reply) => {
    const found = begun.take(cookie.read(request));
    cookie.clear(reply);
    if (found === undefined)
      throw new ControlRefusal("sign_in_unknown", "no pending sign-in in this browser");
    const outcome = await browserSignIn.finish(new URL(request.url, ports.url), found.pending);
    if (outcome.kind === "refused") {
      const { code, detail } = outcome;
      await onRefused({ where: "sign_in", code, detail, address: request.ip });
      throw new ControlRefusal(code, detail);
    }
    const { principal } = outcome.identity;
    // Nobody is let in whose coming is not on record.
    await record({
      kind: "auth.signed_in",
      detail: {
        principal: principal.email ?? principal.subject,
        issuer: principal.issuer,
        address: request.ip,
      },
    });
    visitors.enter(request, reply, outcome.identity);
    return reply.redirect(found.returnPath, 303);
  });

  app.post("/sign-out", { config, schema: { body: signOutForm } }, async (request, reply) => {
    visitors.requireForm(request, request.body.form_token);
    visitors.leave(request, reply);
    return reply.redirect("/", 303);
  });
}

async function asRefusal<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    const isDown = error instanceof GatehouseError && error.code === "provider_unavailable";
    throw isDown ? new ControlRefusal("provider_unavailable", messageOf(error.cause)) : error;
  }
}
