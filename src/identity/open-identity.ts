import { type Egress, fetchJsonGuarded } from "#lib/egress";
import type { Timer } from "#lib/timer";
import { type Actors, openActors } from "./actor.ts";
import type { Authenticator } from "./authenticator.ts";
import { type BrowserSignIn, openBrowserSignIn } from "./browser-sign-in.ts";
import { type DeviceSignIns, openDeviceSignIns } from "./device/device-sign-ins.ts";
import { type LoginStore, type Logins, openLogins } from "./device/login.ts";
import { openGatewayTokens, type TokenSigner } from "./gateway-tokens.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { callbackPath, openOidcSignIn } from "./oidc-sign-in.ts";
import { openAuthenticator } from "./open-authenticator.ts";
import { type IssuersParts, type Network, type OpenIssuer, openIssuers } from "./open-issuers.ts";
import type { Principal } from "./principal.ts";
import { type RoleGroups, rolesOf } from "./roles.ts";
import type { SamlSettings } from "./saml/saml-settings.ts";
import { openSamlSignIn } from "./saml/saml-sign-in.ts";
import type { SpentAssertions } from "./saml/spent-assertions.ts";
import type { SessionStore } from "./session.ts";
import { openSessions, type SessionFact, type Sessions } from "./sessions.ts";
import { verifyLogoutToken } from "./sign-out/logout-token.ts";
import type { SignOutStore } from "./sign-out/sign-out-store.ts";
import { openSignOuts, type SignOuts } from "./sign-out/sign-outs.ts";
import { openTokenEndpoint, type TokenEndpoint } from "./token-endpoint.ts";

export interface IdentityParts extends IssuersParts {
  readonly samlProviders: readonly SamlSettings[];
  readonly spentAssertions: SpentAssertions;
  readonly loginStore: LoginStore;
  readonly signOutStore: SignOutStore;
  readonly roleGroups: RoleGroups;
  /** Where the control plane is reached; issuer of gateway tokens, base of the redirect URIs. No trailing slash. */
  readonly controlUrl: string;
  readonly signer: TokenSigner;
  readonly store: SessionStore;
  readonly timer: Timer;
  readonly knowsConnection: (name: string) => boolean;
  /** Resolves when the fact is durable. */
  readonly onFact: (fact: SessionFact) => Promise<void>;
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
  readonly deviceSignIns: DeviceSignIns;
  readonly logins: Logins;
  readonly signOuts: SignOuts;
  /** Whether this person's groups let agents work for them. */
  mayUseAgents(principal: Principal): boolean;
  close(): void;
}

export async function openIdentity(parts: IdentityParts): Promise<Identity> {
  const { roleGroups, controlUrl, clock, knowsConnection } = parts;
  const { identityTokens, people } = openIssuers(parts);
  const proofs = {
    gatewayTokens: await openGatewayTokens({ issuer: controlUrl, signer: parts.signer, clock }),
    identityTokens,
    sessions: openSessions(parts),
    roleGroups,
    logins: openLogins({ store: parts.loginStore, clock }),
  };
  const deviceSignIns = openDeviceSignIns(clock);
  const oidcWays = people.map((issuer) => oidcWay(issuer, parts));
  return {
    authenticator: openAuthenticator({ ...proofs, clock }),
    sessions: proofs.sessions,
    tokenEndpoint: openTokenEndpoint({ ...proofs, deviceSignIns, clock, knowsConnection }),
    actors: openActors(proofs),
    browserSignIn: openBrowserSignIn([...oidcWays, ...samlWays(parts)]),
    deviceSignIns,
    logins: proofs.logins,
    signOuts: openSignOuts({
      ...proofs,
      deviceSignIns,
      store: parts.signOutStore,
      verify: (id, token) => {
        const found = people.find(({ settings }) => settings.id === id);
        return found && verifyLogoutToken(token, { ...found, clock });
      },
      clock,
    }),
    mayUseAgents: (principal) => rolesOf(principal, roleGroups).includes("agent-user"),
    close: () => proofs.sessions.close(),
  };
}

function oidcWay({ settings, tokens }: OpenIssuer, parts: IdentityParts) {
  const { controlUrl, networkOf, clock } = parts;
  const signIn = openOidcSignIn({
    settings,
    identityTokens: tokens,
    redirectUri: `${controlUrl}${callbackPath(settings.id)}`,
    fetch: networkOf(settings.issuer).fetch,
    clock,
  });
  return { kind: "oidc" as const, id: settings.id, issuer: settings.issuer, signIn };
}

function samlWays({ samlProviders, controlUrl, spentAssertions, clock }: IdentityParts) {
  return samlProviders.map((settings) => ({
    kind: "saml" as const,
    id: settings.id,
    issuer: settings.issuer,
    signIn: openSamlSignIn({ settings, controlUrl, spentAssertions, clock }),
  }));
}
