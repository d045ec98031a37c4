import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { WebSecret } from "#practice/identity-provider";
import { freePort, type GatewayWithProviders, startGateway } from "./gateway-with-providers.ts";
import { HttpBrowser, type Page } from "./http-browser.ts";
import { isKeycloakInstalled, startKeycloak } from "./keycloak.ts";
import { isLemonLdapInstalled, startLemonLdap } from "./lemonldap.ts";
import { matrix } from "./matrix.ts";
import { whoIs } from "./who-is.ts";

// The browser sign-in's client has a secret, at providers nobody here wrote. It has hyphens and dots in it, as those of providers do:
// LemonLDAP::NG reads what HTTP Basic brings as it is, escapes and all.

const row = matrix("A web client with a secret (confidential client)");
const value = "the-secret.of_the-web-client";

interface World {
  readonly gateway: GatewayWithProviders;
  readonly issuer: string;
  close(): Promise<void>;
}

interface Provider {
  readonly name: string;
  readonly isHere: boolean;
  start(): Promise<World>;
  /** What a person types at the provider. */
  readonly typed: Readonly<Record<string, string>>;
  /** What they confirm when they sign out there; Keycloak does not ask, knowing them by the ID token. */
  readonly confirmed: Readonly<Record<string, string>> | undefined;
  /** What its token endpoint says to whoever does not know the secret. */
  readonly refusedAs: string;
  readonly who: string;
}

function oidcProvider(method: WebSecret["method"]): Provider {
  return {
    name: `oidc-provider, ${method}`,
    isHere: true,
    start: async () => {
      const gateway = await startGateway([], await freePort(), { webSecret: { method, value } });
      return { gateway, issuer: gateway.provider.issuer, close: () => gateway.close() };
    },
    typed: { person: "approver@example.com" },
    confirmed: { logout: "yes" },
    refusedAs: "invalid_client",
    who: "approver@example.com: approver",
  };
}

/** Both offer both methods; the one given here is for the provider of practice, whom nobody asks. */
async function startWith(start: typeof startKeycloak | typeof startLemonLdap): Promise<World> {
  const port = await freePort();
  const provider = await start(`http://127.0.0.1:${port}`, value);
  const webSecret = { method: "client_secret_basic", value } as const;
  const gateway = await startGateway([], port, { issuer: provider.issuer, webSecret });
  const close = async (): Promise<void> => {
    await gateway.close();
    await provider.close();
  };
  return { gateway, issuer: provider.issuer, close };
}

const keycloakProvider: Provider = {
  name: "Keycloak",
  isHere: isKeycloakInstalled(),
  start: () => startWith(startKeycloak),
  typed: { username: "approver", password: "approver" },
  confirmed: undefined,
  refusedAs: "unauthorized_client",
  who: "approver@example.com: approver",
};

const lemonLdapProvider: Provider = {
  name: "LemonLDAP::NG",
  isHere: isLemonLdapInstalled(),
  start: () => startWith(startLemonLdap),
  typed: { user: "dwho", password: "dwho" },
  confirmed: { confirm: "1" },
  refusedAs: "invalid_client",
  who: "dwho@badwolf.org: approver",
};

const providers = [
  oidcProvider("client_secret_basic"),
  oidcProvider("client_secret_post"),
  keycloakProvider,
  lemonLdapProvider,
].filter(({ isHere }) => isHere);

describe.each(providers)("$name", ({ name, start, typed, confirmed, refusedAs, who }) => {
  let world: World;
  beforeAll(async () => {
    world = await start();
    // Keycloak builds itself first: a quarter of a minute alone, several on a busy machine.
  }, 400_000);
  afterAll(() => world.close());

  async function signIn(browser: HttpBrowser): Promise<Page> {
    return browser.submit(await browser.get(`${world.gateway.controlUrl}/sign-in`), typed);
  }

  test("the web client has a secret, and somebody signs in", async () => {
    const browser = new HttpBrowser();
    await signIn(browser);
    row({
      what: `${name}: code with PKCE and the secret`,
      expected: who,
      observed: await whoIs(browser, world.gateway.controlUrl),
    });
  });

  test("a code is worth nothing to somebody who has it and not the secret", async () => {
    const verifier = "v".repeat(43);
    const { authorization_endpoint: start, token_endpoint: endpoint } = await documentOf(world.issuer);
    const asked = new URL(start);
    asked.search = new URLSearchParams({
      client_id: "gatehouse-web",
      response_type: "code",
      scope: "openid",
      redirect_uri: `${world.gateway.controlUrl}/sign-in/callback`,
      state: "s",
      nonce: "n",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    }).toString();
    const browser = new HttpBrowser();
    // The gateway did not begin this and leaves the code alone: it is in the address for whoever can read that.
    const { url } = await browser.submit(await browser.get(asked), typed);
    const form = {
      grant_type: "authorization_code",
      code: url.searchParams.get("code") ?? "",
      code_verifier: verifier,
      redirect_uri: `${world.gateway.controlUrl}/sign-in/callback`,
      client_id: "gatehouse-web",
    };
    const redeem = async (more: object): Promise<string> => {
      const body = new URLSearchParams({ ...form, ...more });
      const answer: unknown = await (await fetch(endpoint, { method: "POST", body })).json();
      const { id_token: token, error } = tokenAnswer.parse(answer);
      return token === undefined ? `${error}` : "an ID token";
    };
    row({
      what: `${name}: a code with its verifier, without a secret and with a wrong one`,
      expected: `${refusedAs}, ${refusedAs}`,
      observed: `${await redeem({})}, ${await redeem({ client_secret: "guessed" })}`,
    });
  });

  test("a wrong secret lets nobody in, and the right one does again without a restart", async () => {
    const { controlUrl, replaceWebSecret } = world.gateway;
    replaceWebSecret("another one");
    const browser = new HttpBrowser();
    const page = await signIn(browser);
    const nobody = await whoIs(browser, controlUrl);
    replaceWebSecret(value);
    const again = new HttpBrowser();
    await signIn(again);
    row({
      what: `${name}: a wrong secret, then the right one`,
      expected: `503 sign_in_misconfigured, nobody: nobody, ${who}`,
      observed: `${page.status} ${/sign_in_\w+/.exec(page.text)?.[0]}, ${nobody}, ${await whoIs(again, controlUrl)}`,
    });
  });

  test("signing out here signs out at the provider, whose logout token ends what is open elsewhere", async () => {
    const { controlUrl } = world.gateway;
    const [here, elsewhere] = [new HttpBrowser(), new HttpBrowser()];
    await signIn(elsewhere);
    expect(await whoIs(elsewhere, controlUrl)).toBe(who);
    await signIn(here);
    await here.submit(await here.get(controlUrl), {});
    const asked = await here.get(`${controlUrl}/sign-out/at-provider`);
    const back = confirmed === undefined ? asked : await here.submit(asked, confirmed);
    row({
      what: `${name}: RP-initiated logout`,
      expected: "/signed-out, there too",
      observed: `${back.url.pathname}, ${back.text.includes("signed out there too") ? "there too" : "here only"}`,
    });
    const { backchannel_logout_supported: sendsLogoutTokens } = await documentOf(world.issuer);
    row({
      what: `${name}: the person's other browser after that`,
      expected: sendsLogoutTokens ? "nobody: nobody" : who,
      observed: await whoIs(elsewhere, controlUrl),
    });
    expect(sendsLogoutTokens).toBe(name !== lemonLdapProvider.name);
  });
});

const document = z.object({
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  backchannel_logout_supported: z.boolean(),
});
const tokenAnswer = z.object({ id_token: z.string().optional(), error: z.string().optional() });

async function documentOf(issuer: string): Promise<z.infer<typeof document>> {
  return document.parse(await (await fetch(`${issuer}/.well-known/openid-configuration`)).json());
}
