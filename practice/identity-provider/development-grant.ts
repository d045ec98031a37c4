import Provider, { errors, type TokenEndpointGrantContext } from "oidc-provider";
import { claimsOf, type Person, subjectOf } from "./people.ts";

/** Signs a person in by name alone, so that demos and tests need no browser. */
export const DEVELOPMENT_GRANT = "urn:gatehouse:params:oauth:grant-type:development";

const SCOPE = "openid email groups offline_access";

/** Adds the grant to a provider. Its answer is that of the authorization code grant (RFC 6749 section 5.1, OIDC Core 3.1.3.3). */
export function addDevelopmentGrant(provider: Provider, people: readonly Person[]): void {
  provider.registerGrantType<{ person?: string }>(
    DEVELOPMENT_GRANT,
    async (ctx) => {
      const person = people.find(({ email }) => email === ctx.oidc.params.person);
      if (person === undefined) throw new errors.InvalidGrant("there is no such person");
      ctx.body = await tokensFor(provider, ctx, person);
    },
    ["person"],
  );
}

async function tokensFor(
  provider: Provider,
  ctx: TokenEndpointGrantContext,
  person: Person,
): Promise<Record<string, unknown>> {
  const { client } = ctx.oidc;
  const accountId = subjectOf(person);
  const authTime = Math.floor(Date.now() / 1000);
  const grant = new provider.Grant({ clientId: client.clientId, accountId });
  grant.addOIDCScope(SCOPE);
  const grantId = await grant.save();
  const accessToken = new provider.AccessToken({
    client,
    accountId,
    grantId,
    gty: DEVELOPMENT_GRANT,
    scope: "openid",
  });
  const idToken = new provider.IdToken(claimsOf(person), { ctx });
  for (const [claim, value] of Object.entries({ ...claimsOf(person), auth_time: authTime })) {
    idToken.set(claim, value);
  }
  return {
    access_token: await accessToken.save(),
    token_type: "Bearer",
    expires_in: accessToken.expiration,
    scope: "openid email groups",
    id_token: await idToken.issue({ use: "idtoken" }),
    ...(client.grantTypeAllowed("refresh_token")
      ? { refresh_token: await refreshTokenFor(provider, ctx, { accountId, grantId, authTime }) }
      : {}),
  };
}

async function refreshTokenFor(
  provider: Provider,
  ctx: TokenEndpointGrantContext,
  signIn: { accountId: string; grantId: string; authTime: number },
): Promise<string> {
  const refreshToken = new provider.RefreshToken({
    ...signIn,
    client: ctx.oidc.client,
    gty: DEVELOPMENT_GRANT,
    scope: SCOPE,
    rotations: 0,
  });
  return refreshToken.save();
}
