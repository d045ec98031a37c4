import * as oidc from "openid-client";
import { GatehouseError, messageOf } from "#lib/errors";
import type { Secret } from "#lib/secret";

/** Read anew for each sign-in, so that replacing it rotates it. Throws `secret_missing`. */
export type ReadClientSecret = () => Secret;

/**
 * How the browser sign-in's client authenticates (RFC 6749 section 2.3.1): not at all where it is a public client. The
 * library asks for this at the token endpoint only, which is the one endpoint we show it that wants to know a client.
 */
export function webClientAuthentication(secret: ReadClientSecret | undefined): oidc.ClientAuth {
  if (secret === undefined) return oidc.None();
  return (server, client, body, headers) => {
    const authenticate = wayAt(server)(secret().reveal());
    authenticate(server, client, body, headers);
  };
}

/** Throws `sign_in_misconfigured` where the secret could not be used: before the person types a password for nothing. */
export function assertWebClientIsUsable(
  server: oidc.ServerMetadata,
  secret: ReadClientSecret | undefined,
): void {
  if (secret === undefined) return;
  wayAt(server);
  try {
    secret();
  } catch (error) {
    throw misconfigured(messageOf(error));
  }
}

/**
 * HTTP Basic where the provider takes it, which RFC 6749 demands of every server and recommends over the form. It is the default where the
 * document is silent (OpenID Connect Discovery section 3).
 */
function wayAt({ token_endpoint_auth_methods_supported: offered }: oidc.ServerMetadata) {
  // The library believes the document to have the shape it should.
  const methods: unknown = offered ?? ["client_secret_basic"];
  const takes = (method: string): boolean => Array.isArray(methods) && methods.includes(method);
  if (takes("client_secret_basic")) return basicAuthentication;
  if (takes("client_secret_post")) return oidc.ClientSecretPost;
  throw misconfigured(
    "the provider takes no client secret: neither client_secret_basic nor client_secret_post is among its token_endpoint_auth_methods_supported",
  );
}

/**
 * RFC 6749 section 2.3.1. The library's own escapes hyphens and dots as well, which changes nothing for who unescapes. LemonLDAP::NG does not,
 * and then knows nobody of that name.
 */
function basicAuthentication(secret: string): oidc.ClientAuth {
  return (_server, { client_id: name }, _body, headers) => {
    headers.set("authorization", `Basic ${btoa(`${formEncoded(name)}:${formEncoded(secret)}`)}`);
  };
}

function formEncoded(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

/** What a token endpoint may say (RFC 6749 section 5.2); the first two are about the client. Keycloak says the second. */
const tokenErrors = [
  "invalid_client",
  "unauthorized_client",
  "invalid_request",
  "invalid_grant",
  "unsupported_grant_type",
  "invalid_scope",
];

/** The error a token endpoint answered with, for our log: one of the standard's words and none of the provider's, who might quote the secret. */
export function tokenErrorIn(error: unknown): string | undefined {
  return error instanceof oidc.ResponseBodyError
    ? tokenErrors.find((each) => each === error.error)
    : undefined;
}

/** For our log, why a code could not be redeemed because of us rather than of the person; `undefined` for all else. */
export function misconfigurationIn(error: unknown, secret: ReadClientSecret | undefined): string | undefined {
  const code = tokenErrorIn(error);
  if (code === "invalid_client" || code === "unauthorized_client") {
    const advice =
      secret === undefined
        ? "does it want a web_client_secret?"
        : "is web_client_secret the one it gave to this web_client?";
    return `the provider refused our client (${code}): ${advice}`;
  }
  // The library wraps what is thrown while it authenticates.
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof GatehouseError && isOurs(cause.code) ? cause.message : undefined;
}

function isOurs(code: string): boolean {
  return code === "sign_in_misconfigured" || code === "secret_missing";
}

function misconfigured(message: string): GatehouseError {
  return new GatehouseError("sign_in_misconfigured", message);
}
