import * as oidc from "openid-client";
import type { Clock } from "#lib/clock";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";
import { parseCompactToken } from "./compact-token.ts";
import type { ProviderFetch } from "./guarded-fetch.ts";
import type { IssuerSettings } from "./identity-token.ts";
import type { IdentityTokens } from "./issuers.ts";
import { libraryFetch, libraryReason } from "./oidc-library.ts";
import type { SignInOutcome } from "./sign-in-provider.ts";
import { objectionToHashes } from "./token-hashes.ts";
import {
  assertWebClientIsUsable,
  misconfigurationIn,
  tokenErrorIn,
  webClientAuthentication,
} from "./web-client.ts";

/** What the browser's own cookie leads back to. None of it is known to the provider's pages or to other browsers. */
export interface PendingOidcSignIn {
  readonly kind: "oidc";
  readonly providerId: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly maxAgeS: number;
}

/** Sign-in of people at one OpenID Connect provider: authorization code with PKCE (OpenID Connect Core section 3.1, RFC 7636). */
export interface OidcSignIn {
  /** Where to send the browser. Rejects with `provider_unavailable`, `sign_in_misconfigured`. */
  begin(options: { readonly isFresh: boolean }): Promise<{ location: URL; pending: PendingOidcSignIn }>;
  /** `callback` is the whole address the browser came back to. Once for each pending sign-in. */
  finish(callback: URL, pending: PendingOidcSignIn): Promise<SignInOutcome>;
  /**
   * Where to send the browser to be signed out there too (OpenID Connect RP-Initiated Logout section 2); `undefined` where
   * the provider has no such place. Rejects with `provider_unavailable`.
   */
  signOut(idToken: Secret, back: SignOutReturn): Promise<URL | undefined>;
}

/** Where the provider sends the browser afterwards, and what it brings along. */
export interface SignOutReturn {
  readonly returnTo: string;
  readonly state: string;
}

/** The id of the only provider of a configuration that names none. */
export const unnamedProvider = "oidc";

/** Each named provider has a redirect URI of its own, so that no answer of one is taken for another's (RFC 9700, 2.1). */
export function callbackPath(providerId: string): string {
  return providerId === unnamedProvider ? "/sign-in/callback" : `/sign-in/callback/${providerId}`;
}

export interface OidcSignInParts {
  readonly settings: IssuerSettings;
  readonly identityTokens: Pick<IdentityTokens, "verify">;
  /** As registered with the provider. */
  readonly redirectUri: string;
  readonly fetch: ProviderFetch;
  readonly clock: Clock;
}

export function openOidcSignIn(parts: OidcSignInParts): OidcSignIn {
  const configuration = rememberedConfiguration(parts);
  return {
    begin: async ({ isFresh }) => {
      const found = await configuration();
      assertWebClientIsUsable(found.serverMetadata(), parts.settings.webClientSecret);
      const pending = {
        kind: "oidc" as const,
        providerId: parts.settings.id,
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
        maxAgeS: (isFresh ? limits.approverSignInAgeMsMax : limits.browserSessionLifeMs) / 1000,
      };
      const location = oidc.buildAuthorizationUrl(found, {
        redirect_uri: parts.redirectUri,
        scope: scopesOf(found),
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: "S256",
        state: pending.state,
        nonce: pending.nonce,
        // max_age makes the provider say when the person was there; prompt makes it ask (section 3.1.2.1).
        max_age: `${pending.maxAgeS}`,
        ...(isFresh ? freshness(parts.settings) : {}),
      });
      return { location, pending };
    },
    finish: async (callback, pending) => {
      try {
        return await redeem(await configuration(), { callback, pending }, parts);
      } catch (error) {
        return refusalOf(error, parts.settings);
      }
    },
    signOut: async (idToken, back) => endSessionUrl(await configuration(), idToken, back),
  };
}

function endSessionUrl(
  configuration: oidc.Configuration,
  idToken: Secret,
  { returnTo, state }: SignOutReturn,
): URL | undefined {
  const { end_session_endpoint: endpoint } = configuration.serverMetadata();
  // A document that names a script or a file as its endpoint would have us send the browser there.
  if (endpoint === undefined || !/^https?:$/.test(new URL(endpoint).protocol)) return undefined;
  const hint = idToken.reveal();
  return oidc.buildEndSessionUrl(configuration, {
    post_logout_redirect_uri: returnTo,
    state,
    ...(hint.length <= limits.idTokenHintCharsMax ? { id_token_hint: hint } : {}),
  });
}

async function redeem(
  configuration: oidc.Configuration,
  { callback, pending }: { readonly callback: URL; readonly pending: PendingOidcSignIn },
  { identityTokens, settings }: OidcSignInParts,
): Promise<SignInOutcome> {
  // State, `iss` of the answer (RFC 9207), nonce, max_age and the ID token's own rules are the library's.
  const tokens = await oidc.authorizationCodeGrant(configuration, callback, {
    expectedState: pending.state,
    expectedNonce: pending.nonce,
    pkceCodeVerifier: pending.verifier,
    maxAge: pending.maxAgeS,
    idTokenExpected: true,
  });
  // It trusts TLS for the signature (section 3.1.3.7, step 6). We do not, and there is one way to become a principal.
  const token = parseCompactToken(tokens.id_token ?? "");
  if (token === undefined) return { kind: "refused", code: "sign_in_refused", detail: "no compact ID token" };
  const mixed = objectionToHashes(token, {
    at_hash: tokens.access_token,
    c_hash: callback.searchParams.get("code"),
  });
  if (mixed !== undefined) return { kind: "refused", code: "sign_in_refused", detail: mixed };
  const verdict = await identityTokens.verify(token, ["web"]);
  if (verdict.kind === "proven") {
    const atProvider = { providerId: settings.id, idToken: new Secret(token.text) };
    return { kind: "signed_in", identity: verdict.identity, atProvider };
  }
  const { code, detail } = verdict;
  const isTold = code === "provider_unavailable" || code === "groups_overage";
  return { kind: "refused", code: isTold ? code : "sign_in_refused", detail };
}

function refusalOf(error: unknown, { webClientSecret }: IssuerSettings): SignInOutcome {
  const ours = misconfigurationIn(error, webClientSecret);
  if (ours !== undefined) return { kind: "refused", code: "sign_in_misconfigured", detail: ours };
  const isDown = error instanceof GatehouseError && error.code === "provider_unavailable";
  const code = isDown ? "provider_unavailable" : "sign_in_refused";
  return { kind: "refused", code, detail: reasonOf(error) };
}

/** Of a token endpoint's refusal the standard's word, and nothing that the provider wrote beside it. */
function reasonOf(error: unknown): string {
  const said = tokenErrorIn(error);
  return said === undefined ? libraryReason(error) : `${messageOf(error)} (${said})`;
}

function freshness({ stepUpAcr }: IssuerSettings): Record<string, string> {
  return { prompt: "login", ...(stepUpAcr === undefined ? {} : { acr_values: stepUpAcr.join(" ") }) };
}

function scopesOf(configuration: oidc.Configuration): string {
  const wanted = ["openid", "email", "groups"];
  const supported = configuration.serverMetadata().scopes_supported ?? wanted;
  return wanted.filter((scope) => scope === "openid" || supported.includes(scope)).join(" ");
}

/** Discovered when first needed and again when it has grown old; a failure is not remembered. */
function rememberedConfiguration(parts: OidcSignInParts): () => Promise<oidc.Configuration> {
  let held: { readonly found: Promise<oidc.Configuration>; readonly atMs: number } | undefined;
  return async () => {
    const now = parts.clock.monotonicMs();
    if (held === undefined || now - held.atMs > limits.providerKeysFreshMs) {
      held = { found: discover(parts), atMs: now };
    }
    const mine = held;
    try {
      return await mine.found;
    } catch (error) {
      if (held === mine) held = undefined;
      const message = "The identity provider cannot be reached. Try again in a minute.";
      throw new GatehouseError("provider_unavailable", message, { cause: error });
    }
  };
}

async function discover({ settings, fetch }: OidcSignInParts): Promise<oidc.Configuration> {
  const issuer = new URL(settings.issuer);
  const execute = issuer.protocol === "http:" ? [oidc.allowInsecureRequests] : [];
  const authentication = webClientAuthentication(settings.webClientSecret);
  const found = await oidc.discovery(issuer, settings.clients.web, undefined, authentication, {
    execute,
    timeout: limits.providerTimeoutMs / 1000,
    [oidc.customFetch]: libraryFetch(fetch),
  });
  const { issuer: named, token_endpoint: endpoint } = found.serverMetadata();
  if (named !== settings.issuer)
    throw new GatehouseError("provider_unusable", "The discovery document names another issuer.");
  // It may be on another host: Google's is. Never on another footing, as with the keys: code and secret go there.
  if (endpoint !== undefined && new URL(endpoint).protocol !== issuer.protocol)
    throw new GatehouseError(
      "provider_unusable",
      "The discovery document names a token endpoint of another protocol.",
    );
  return found;
}
