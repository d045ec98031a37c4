import type { ProvenIdentity } from "./proven-identity.ts";

export type SignInOutcome =
  | { readonly kind: "signed_in"; readonly identity: ProvenIdentity }
  | {
      readonly kind: "refused";
      readonly code: "sign_in_refused" | "provider_unavailable" | "groups_overage";
      /** For our log only. */
      readonly detail: string;
    };

/** One of the identity providers at which people sign in with the browser. */
export interface SignInProvider {
  /** Short name from the configuration; part of addresses. */
  readonly id: string;
  readonly issuer: string;
  readonly kind: "oidc" | "saml";
}
