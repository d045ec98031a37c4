import type { ProviderTrust } from "../trust.ts";

/** One SAML 2.0 identity provider, as configured, and what we are to it. */
export interface SamlSettings {
  /** Short name of ours; part of our addresses. */
  readonly id: string;
  /** Entity ID of the provider, byte for byte as in its messages. */
  readonly issuer: string;
  /** Where browsers are sent with a request (HTTP-Redirect binding). */
  readonly signInUrl: string;
  /** PEM certificates whose keys may sign; what a message brings along counts for nothing. */
  readonly certificates: readonly string[];
  /** Attribute that tells people apart; `undefined` takes the NameID. */
  readonly subjectAttribute: string | undefined;
  readonly emailAttribute: string | undefined;
  readonly groupsAttribute: string;
  readonly trust: ProviderTrust;
}

/** Who we are to a provider. One name for each of them, so that what one was given is worth nothing at another. */
export interface ServiceProvider {
  /** Our entity ID, which is also the address of our metadata. */
  readonly entityId: string;
  /** Our assertion consumer service. */
  readonly consumerUrl: string;
}

export function serviceProviderFor(controlUrl: string, id: string): ServiceProvider {
  return { entityId: `${controlUrl}/saml/${id}`, consumerUrl: `${controlUrl}/saml/${id}/acs` };
}
