import { type Egress, fetchJsonGuarded } from "#lib/egress";
import type { Timer } from "#lib/timer";
import { type Actors, openActors } from "./actor.ts";
import type { Authenticator } from "./authenticator.ts";
import type { BrowserSignIn } from "./browser-sign-in.ts";
import { type DeviceSignIns, openDeviceSignIns } from "./device/device-sign-ins.ts";
import { type LoginStore, type Logins, openLogins } from "./device/login.ts";
import { openGatewayTokens, type TokenSigner } from "./gateway-tokens.ts";
import { guardedFetch } from "./guarded-fetch.ts";
import { openAuthenticator } from "./open-authenticator.ts";
import type { IssuersParts, Network } from "./open-issuers.ts";
import type { Principal } from "./principal.ts";
import { openProviders, type Providers } from "./providers-in-force.ts";
import { type RoleGroups, rolesOf } from "./roles.ts";
import type { SpentAssertions } from "./saml/spent-assertions.ts";
import type { SessionStore } from "./session.ts";
import { openSessions, type SessionFact, type Sessions } from "./sessions.ts";
import type { SignOutStore } from "./sign-out/sign-out-store.ts";
import { openSignOuts, type SignOuts } from "./sign-out/sign-outs.ts";
import { openTokenEndpoint, type TokenEndpoint } from "./token-endpoint.ts";

export interface IdentityParts extends IssuersParts, Providers {
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
  /** At once tokens of those that are gone count no more, nor do sessions and logins; ending those on record is the caller's. */
  replaceProviders(next: Providers): void;
  close(): void;
}

export async function openIdentity(parts: IdentityParts): Promise<Identity> {
  const { roleGroups, controlUrl, clock, knowsConnection } = parts;
  const providers = openProviders(parts, parts);
  const isVouchedFor = providers.vouchFor;
  const proofs = {
    gatewayTokens: await openGatewayTokens({ issuer: controlUrl, signer: parts.signer, clock }),
    identityTokens: providers.identityTokens,
    sessions: openSessions({ ...parts, isVouchedFor }),
    roleGroups,
    logins: openLogins({ store: parts.loginStore, clock, vouchedNow: providers.vouchedNow }),
  };
  const deviceSignIns = openDeviceSignIns(clock);
  return {
    authenticator: openAuthenticator({ ...proofs, clock }),
    sessions: proofs.sessions,
    tokenEndpoint: openTokenEndpoint({ ...proofs, deviceSignIns, clock, knowsConnection }),
    actors: openActors(proofs),
    browserSignIn: providers.browserSignIn,
    deviceSignIns,
    logins: proofs.logins,
    signOuts: openSignOuts({
      ...proofs,
      deviceSignIns,
      store: parts.signOutStore,
      verify: providers.verifyLogout,
      clock,
    }),
    mayUseAgents: (principal) => rolesOf(principal, roleGroups).includes("agent-user"),
    replaceProviders: providers.replace,
    close: () => proofs.sessions.close(),
  };
}
