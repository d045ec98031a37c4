import type { Clock } from "#lib/clock";
import { type Egress, fetchJsonGuarded } from "#lib/egress";
import type { Timer } from "#lib/timer";
import { type Actors, openActors } from "./actor.ts";
import type { Authenticator } from "./authenticator.ts";
import { type BrowserSignIn, openBrowserSignIn } from "./browser-sign-in.ts";
import { openGatewayTokens, type TokenSigner } from "./gateway-tokens.ts";
import { guardedFetch, type ProviderFetch } from "./guarded-fetch.ts";
import { type IssuerSettings, identityTokens } from "./identity-token.ts";
import { openAuthenticator } from "./open-authenticator.ts";
import { type FetchJson, ProviderKeys } from "./provider-keys.ts";
import type { RoleGroups } from "./roles.ts";
import type { SessionStore } from "./session.ts";
import { openSessions, type SessionFact, type Sessions } from "./sessions.ts";
import { openTokenEndpoint, type TokenEndpoint } from "./token-endpoint.ts";

export interface IdentityParts {
  readonly settings: IssuerSettings;
  readonly roleGroups: RoleGroups;
  /** Where the control plane is reached; issuer of gateway tokens, base of the redirect URI. No trailing slash. */
  readonly controlUrl: string;
  readonly signer: TokenSigner;
  readonly store: SessionStore;
  readonly network: Network;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly knowsConnection: (name: string) => boolean;
  /** Resolves when the fact is durable. */
  readonly onFact: (fact: SessionFact) => Promise<void>;
}

/** The two ways in which we speak to an identity provider, both guarded. */
export interface Network {
  readonly fetchJson: FetchJson;
  readonly fetch: ProviderFetch;
}

export function guardedNetwork(egress: Egress): Network {
  return {
    fetchJson: (url, caps) => fetchJsonGuarded(url, { egress, ...caps }),
    fetch: guardedFetch(egress),
  };
}

/** Everything that knows who somebody is, sharing one set of keys, sessions and roles. */
export interface Identity {
  readonly authenticator: Authenticator;
  readonly sessions: Sessions;
  readonly tokenEndpoint: TokenEndpoint;
  readonly actors: Actors;
  readonly browserSignIn: BrowserSignIn;
  close(): void;
}

export async function openIdentity(parts: IdentityParts): Promise<Identity> {
  const { settings, roleGroups, controlUrl, network, clock, knowsConnection } = parts;
  const keys = new ProviderKeys({ ...settings, fetchJson: network.fetchJson, clock });
  const proofs = {
    gatewayTokens: await openGatewayTokens({ issuer: controlUrl, signer: parts.signer, clock }),
    identityTokens: identityTokens({ settings, keys, clock }),
    sessions: openSessions(parts),
    roleGroups,
  };
  return {
    authenticator: openAuthenticator({ ...proofs, clock }),
    sessions: proofs.sessions,
    tokenEndpoint: openTokenEndpoint({ ...proofs, clock, knowsConnection }),
    actors: openActors(proofs),
    browserSignIn: openBrowserSignIn({
      settings,
      identityTokens: proofs.identityTokens,
      redirectUri: `${controlUrl}/sign-in/callback`,
      fetch: network.fetch,
      clock,
    }),
    close: () => proofs.sessions.close(),
  };
}
