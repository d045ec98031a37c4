import type { Principal } from "../principal.ts";

/** Why a session is stopped, for the audit log. */
export type StopCause =
  | { readonly kind: "person"; readonly principal: Principal }
  /** An old refresh token came back: either it or its successor is in the wrong hands. */
  | { readonly kind: "refresh_token_reused" }
  /** The identity provider said so (OpenID Connect Back-Channel Logout). */
  | { readonly kind: "signed_out_at_provider" }
  /** The configuration believes its provider less, or more, than when it was opened. */
  | { readonly kind: "trust_changed" }
  /** Its identity provider or machine identity was taken from the configuration, or is another one there now. */
  | { readonly kind: "provider_changed" }
  /** Its issuer, asked again about the token, no longer lists a group or the address that it was opened with. */
  | { readonly kind: "groups_changed" }
  /** Its token was believed before, and no longer is. */
  | { readonly kind: "token_refused" };
