import type { Configuration } from "oidc-provider";
import { clientsFor } from "./clients.ts";
import { problemPage } from "./pages.ts";
import { claimsOf, type Person, subjectOf } from "./people.ts";
import type { ProviderState } from "./provider-state.ts";

const personClaims = ["email", "email_verified", "name", "groups"];

/** oidc-provider's configuration: code with PKCE only, first-party clients, nothing to agree to. */
export function configurationFor(
  state: ProviderState,
  people: readonly Person[],
  webRedirectUris: readonly string[],
): Configuration {
  return {
    adapter: (model) => state.adapter(model),
    jwks: { keys: [...state.signingKeys] },
    clients: clientsFor(webRedirectUris),
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
      rpInitiatedLogout: { enabled: false },
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
      const { html, headers } = problemPage(`${error}: ${description ?? ""}`);
      ctx.set({ ...headers });
      ctx.body = html;
    },
  };
}
