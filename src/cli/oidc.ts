import * as oidc from "openid-client";
import type { ServerInfo } from "#api";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { isLoopbackHost } from "#lib/loopback";
import { Secret } from "#lib/secret";

/** A sign-in that the identity provider vouched for. */
export interface SignIn {
  readonly idToken: Secret;
  readonly refreshToken: Secret | undefined;
  readonly email: string | undefined;
}

/** The provider that commands sign in at by themselves, and our clients there. */
export interface CommandProvider {
  readonly issuer: string;
  readonly agentClientId: string;
  readonly consoleClientId: string;
}

/** Throws `sign_in_failed` where people sign in with the browser only. */
export function commandProvider({ signIn, controlUrl }: ServerInfo): CommandProvider {
  const { issuer, agentClientId, consoleClientId } = signIn;
  if (issuer !== undefined && agentClientId !== undefined && consoleClientId !== undefined) {
    return { issuer, agentClientId, consoleClientId };
  }
  throw new GatehouseError(
    "sign_in_failed",
    `This server's people sign in with the browser only. Decide and administer at ${controlUrl}; for agents, run \`gatehouse login --device\`.`,
  );
}

/** Discovery (OpenID Connect Discovery 1.0 section 4) of the server's provider, as one of our public clients. */
export async function discover(info: ServerInfo, clientId: string): Promise<oidc.Configuration> {
  const issuer = new URL(commandProvider(info).issuer);
  const insecure = issuer.protocol === "http:" && isLoopbackHost(issuer.hostname);
  return asProviderFailure(info, () =>
    oidc.discovery(issuer, clientId, undefined, oidc.None(), {
      execute: insecure ? [oidc.allowInsecureRequests] : [],
      timeout: limits.controlTimeoutMs / 1000,
    }),
  );
}

/** Of what we would like to know, what the provider can tell. */
export function scopesOf(config: oidc.Configuration, isStored: boolean): string {
  const wanted = ["openid", "email", "groups", ...(isStored ? ["offline_access"] : [])];
  const supported = config.serverMetadata().scopes_supported ?? wanted;
  return wanted.filter((scope) => scope === "openid" || supported.includes(scope)).join(" ");
}

export function signInOf(tokens: oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers): SignIn {
  if (tokens.id_token === undefined) {
    throw new GatehouseError(
      "sign_in_failed",
      "The identity provider sent no ID token. Its client for Gatehouse must allow the scope openid.",
    );
  }
  const email = tokens.claims()?.["email"];
  return {
    idToken: new Secret(tokens.id_token),
    refreshToken: tokens.refresh_token === undefined ? undefined : new Secret(tokens.refresh_token),
    email: typeof email === "string" ? email : undefined,
  };
}

const developmentGrant = "urn:gatehouse:params:oauth:grant-type:development";

/** Signs in as one of the development provider's people, without proof; only where the server says it is one. */
export async function signInAs(info: ServerInfo, clientId: string, email: string): Promise<SignIn> {
  if (!info.signIn.isDevelopment) {
    throw new GatehouseError(
      "usage_invalid",
      "--as works with the development identity provider only; this server has a real one. Leave --as away and sign in.",
    );
  }
  const config = await discover(info, clientId);
  const parameters = { person: email, scope: scopesOf(config, false) };
  try {
    return signInOf(await oidc.genericGrantRequest(config, developmentGrant, parameters));
  } catch (error) {
    const isStranger = error instanceof oidc.ResponseBodyError && error.error === "invalid_grant";
    if (!isStranger) throw describeFailure(commandProvider(info).issuer, error);
    throw new GatehouseError(
      "usage_invalid",
      `The development identity provider knows no ${email}. ${commandProvider(info).issuer} and \`npm start\` list who there is.`,
    );
  }
}

/** A new ID token for a stored sign-in (OpenID Connect Core section 12). Throws `sign_in_needed` once it is over. */
export async function renewSignIn(info: ServerInfo, clientId: string, refreshToken: Secret): Promise<SignIn> {
  const config = await discover(info, clientId);
  return signInOf(await asProviderFailure(info, () => oidc.refreshTokenGrant(config, refreshToken.reveal())));
}

/** Tells the provider that the refresh token is no longer needed (RFC 7009), where it wants to know. */
export async function revokeSignIn(info: ServerInfo, clientId: string, refreshToken: Secret): Promise<void> {
  const config = await discover(info, clientId);
  if (config.serverMetadata().revocation_endpoint === undefined) return;
  await asProviderFailure(info, () => oidc.tokenRevocation(config, refreshToken.reveal()));
}

/** The library's errors as one sentence each: a refusal, or a provider that does not answer. */
export async function asProviderFailure<Result>(
  info: ServerInfo,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw describeFailure(commandProvider(info).issuer, error);
  }
}

function describeFailure(issuer: string, cause: unknown): GatehouseError {
  if (cause instanceof GatehouseError) return cause;
  if (cause instanceof oidc.ResponseBodyError || cause instanceof oidc.AuthorizationResponseError) {
    if (cause.error === "invalid_grant") {
      const message = "Your sign-in is over. Run `gatehouse login` to sign in again.";
      return new GatehouseError("sign_in_needed", message, { cause });
    }
    const detail = cause.error_description ?? cause.error;
    return new GatehouseError("sign_in_failed", `The identity provider refused: ${detail}.`, { cause });
  }
  return new GatehouseError(
    "sign_in_failed",
    `Signing in at ${issuer} did not work out. Check that the identity provider runs and answers there.`,
    { cause },
  );
}
