import type { ClientMetadata } from "oidc-provider";
import { DEVELOPMENT_GRANT } from "./development-grant.ts";

/** Where a native client may listen for its answer, on any port (RFC 8252 section 7.3). */
const loopbackRedirects = ["127.0.0.1", "[::1]"].flatMap((host) => [
  `http://${host}/`,
  `http://${host}/callback`,
]);

/** Exact addresses of the web client. */
export interface WebClient {
  readonly webRedirectUris: readonly string[];
  /** Where the browser may be sent after signing out (OpenID Connect RP-Initiated Logout). */
  readonly webSignedOutUris: readonly string[];
  /** Where it is told that somebody signed out (OpenID Connect Back-Channel Logout). */
  readonly webBackChannelUri: string | undefined;
  /** Makes it a confidential client. */
  readonly webSecret: WebSecret | undefined;
}

/** What the web client proves itself with, by the one method the provider offers. */
export interface WebSecret {
  readonly method: "client_secret_basic" | "client_secret_post";
  readonly value: string;
}

/**
 * Gatehouse's clients. All prove themselves by PKCE, and are public unless the web client has a secret; only the agent's may keep a sign-in, since an
 * approver's or auditor's act must come from somebody who was just there.
 */
export function clientsFor({
  webRedirectUris,
  webSignedOutUris,
  webBackChannelUri,
  webSecret,
}: WebClient): ClientMetadata[] {
  const shared = {
    token_endpoint_auth_method: "none",
    response_types: ["code"],
    id_token_signed_response_alg: "ES256",
    require_auth_time: true,
  } as const;
  return [
    {
      ...shared,
      client_id: "gatehouse-agent",
      client_name: "Gatehouse on this machine",
      application_type: "native",
      redirect_uris: loopbackRedirects,
      grant_types: ["authorization_code", "refresh_token", DEVELOPMENT_GRANT],
    },
    {
      ...shared,
      client_id: "gatehouse-console",
      client_name: "Gatehouse command line",
      application_type: "native",
      redirect_uris: loopbackRedirects,
      grant_types: ["authorization_code", DEVELOPMENT_GRANT],
    },
    {
      ...shared,
      client_id: "gatehouse-web",
      client_name: "Gatehouse in the browser",
      application_type: "web",
      ...(webSecret === undefined
        ? {}
        : { token_endpoint_auth_method: webSecret.method, client_secret: webSecret.value }),
      redirect_uris: [...webRedirectUris],
      post_logout_redirect_uris: [...webSignedOutUris],
      ...(webBackChannelUri === undefined
        ? {}
        : { backchannel_logout_uri: webBackChannelUri, backchannel_logout_session_required: true }),
      grant_types: ["authorization_code"],
    },
  ];
}
