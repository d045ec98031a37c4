import type { Secret } from "#lib/secret";
import type { ProvenIdentity } from "./proven-identity.ts";

export type SignInOutcome =
  | {
      readonly kind: "signed_in";
      readonly identity: ProvenIdentity;
      /** What the provider has to see to sign the person out there as well; SAML providers are not asked. */
      readonly atProvider?: SignedInAtProvider;
    }
  | {
      readonly kind: "refused";
      readonly code: "sign_in_refused" | "sign_in_misconfigured" | "provider_unavailable" | "groups_overage";
      /** For our log only. */
      readonly detail: string;
    };

/** A sign-in at an OpenID Connect provider, for as long as a browser session here knows of it. */
export interface SignedInAtProvider {
  readonly providerId: string;
  /** Of our web client; it opens nothing here. */
  readonly idToken: Secret;
}

/** One of the identity providers at which people sign in with the browser. */
export interface SignInProvider {
  /** Short name from the configuration; part of addresses. */
  readonly id: string;
  readonly issuer: string;
  readonly kind: "oidc" | "saml";
}
