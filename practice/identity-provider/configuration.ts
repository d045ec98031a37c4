import type { Configuration, KoaContextWithOIDC } from "oidc-provider";
import { clientsFor, type WebClient } from "./clients.ts";
import { type Page, problemPage, signedOutPage, signOutPage } from "./pages.ts";
import { claimsOf, type Person, subjectOf } from "./people.ts";
import type { ProviderState } from "./provider-state.ts";

const personClaims = ["email", "email_verified", "name", "groups"];

/** oidc-provider's configuration: code with PKCE only, first-party clients, nothing to agree to. */
export function configurationFor(
  state: ProviderState,
  people: readonly Person[],
  web: WebClient,
): Configuration {
  return {
    adapter: (model) => state.adapter(model),
    jwks: { keys: [...state.signingKeys] },
    clients: clientsFor(web),
    ...(web.webSecret === undefined ? {} : { clientAuthMethods: ["none", web.webSecret.method] }),
    responseTypes: ["code"],
    pkce: { required: () => true },
    enabledJWA: { idTokenSigningAlgValues: ["ES256"] },
    claims: { openid: ["sub", "auth_time", ...personClaims], email: [], profile: [], groups: [] },
    scopes: ["openid", "email", "profile", "groups", "offline_access"],
    // Agents and the control plane look at the ID token alone.
    conformIdTokenClaims: false,
    // Asked for by the client's nature, not by a scope that people would have to agree to first.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          const back = ctx.oidc.params?.["post_logout_redirect_uri"];
          answer(ctx, signOutPage(form, typeof back === "string" ? new URL(back).origin : ""));
        },
        postLogoutSuccessSource: (ctx) => answer(ctx, signedOutPage()),
      },
      backchannelLogout: { enabled: true },
    },
    // Its guard against loopback goes: the one address it ever asks is Gatehouse's own on this machine, from the options.
    fetch: (url, options) => {
      const { dispatcher: _guard, ...request } = options ?? {};
      return fetch(url, request);
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    cookies: {
      keys: [...state.cookieKeys],
      // Cookies do not know ports: every server on this address shares the jar with us.
      names: {
        session: "development_session",
        interaction: "development_sign_in",
        resume: "development_resume",
      },
    },
    ttl: {
      AccessToken: 3_600,
      AuthorizationCode: 60,
      IdToken: 3_600,
      Interaction: 600,
      Session: 3_600,
      Grant: 14 * 86_400,
      RefreshToken: 14 * 86_400,
    },
    findAccount: (_ctx, subject) => {
      const person = people.find((each) => subjectOf(each) === subject);
      return person === undefined ? undefined : { accountId: subject, claims: () => claimsOf(person) };
    },
    loadExistingGrant: async (ctx) => {
      const { client, session, provider } = ctx.oidc;
      const accountId = session?.accountId;
      if (client === undefined || accountId === undefined) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId });
      grant.addOIDCScope("openid email profile groups offline_access");
      await grant.save();
      return grant;
    },
    renderError: (ctx, { error, error_description: description }) => {
      answer(ctx, problemPage(`${error}: ${description ?? ""}`));
    },
  };
}

function answer(ctx: KoaContextWithOIDC, { html, headers }: Page): void {
  ctx.set({ ...headers });
  ctx.body = html;
}
