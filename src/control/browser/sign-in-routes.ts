import { z } from "zod";
import { unnamedProvider } from "#identity";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { signInPage } from "../pages/sign-in-page.ts";
import { ControlRefusal } from "../refusal.ts";
import { type App, perMinute, providerParams } from "../routes/app.ts";
import { sendPage } from "./page-routes.ts";
import { localReturnPath } from "./return-path.ts";
import type { SignInHall } from "./sign-in-finish.ts";

const signInQuery = z.object({
  return: z.unknown().optional(),
  fresh: z.unknown().optional(),
  provider: z.unknown().optional(),
});

/** Where a sign-in begins, and where OpenID Connect providers send people back to. */
export function addSignInRoutes(app: App, hall: SignInHall): void {
  const { ports, visitors, pendingSignIns } = hall;
  const { browserSignIn } = ports.identity;
  const ownUrl = new URL(ports.url);
  const config = { ...perMinute(limits.signInsPerMinuteMax), isPage: true };

  app.get("/sign-in", { config, schema: { querystring: signInQuery } }, async (request, reply) => {
    // Cookies belong to a name: a sign-in begun as `localhost` would come back as `127.0.0.1` and be a stranger.
    if (request.host !== ownUrl.host) return reply.redirect(`${ports.url}${request.url}`, 307);
    const isFresh = request.query.fresh !== undefined;
    const returnPath = localReturnPath(request.query.return);
    const provider = chosenProvider(request.query.provider, ports);
    if (provider === undefined) {
      const main = signInPage(browserSignIn.providers, { isFresh, returnPath });
      return sendPage(reply, { title: "Sign in", visitor: visitors.find(request), main, ports });
    }
    const { location, pending } = await asRefusal(() => browserSignIn.begin(provider, { isFresh }));
    pendingSignIns.begin(reply, { pending, returnPath });
    return reply.redirect(location.href, 303);
  });

  addCallbackRoutes(app, hall);
}

function addCallbackRoutes(app: App, { ports, pendingSignIns, finish }: SignInHall): void {
  const config = { ...perMinute(limits.signInsPerMinuteMax), isPage: true };

  app.get("/sign-in/callback", { config }, async (request, reply) => {
    const callback = new URL(request.url, ports.url);
    const answer = { kind: "oidc" as const, providerId: unnamedProvider, callback };
    return finish(answer, pendingSignIns.take(request, reply), { request, reply });
  });

  const named = { config, schema: { params: providerParams } };
  app.get("/sign-in/callback/:provider", named, async (request, reply) => {
    const callback = new URL(request.url, ports.url);
    const answer = { kind: "oidc" as const, providerId: request.params.provider, callback };
    return finish(answer, pendingSignIns.take(request, reply), { request, reply });
  });
}

/** The one that was asked for, or the only one; `undefined` asks the person. */
function chosenProvider(wanted: unknown, { identity }: ControlPlanePorts): string | undefined {
  const { providers } = identity.browserSignIn;
  const [first] = providers;
  return providers.length === 1 ? first?.id : providers.find(({ id }) => id === wanted)?.id;
}

async function asRefusal<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    if (error.code === "provider_unavailable") throw new ControlRefusal(error.code, messageOf(error.cause));
    if (error.code === "sign_in_misconfigured") throw new ControlRefusal(error.code, error.message);
    throw error;
  }
}
