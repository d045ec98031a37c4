import type { Secret } from "#lib/secret";

/** How one issuer is asked about its tokens (RFC 7662), as configured. */
export interface IntrospectionSettings {
  readonly endpoint: string;
  readonly clientId: string;
  /** Read anew for each question, so that replacing it rotates it. Throws `secret_missing`. */
  readonly clientSecret: () => Secret;
  /** What a token must be good for. */
  readonly scope: string | undefined;
  readonly opaqueTokens: boolean;
  readonly jwts: boolean;
}
