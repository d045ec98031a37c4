import { type BrowserSignIn, openBrowserSignIn } from "./browser-sign-in.ts";
import type { IdentityTokens } from "./issuers.ts";
import { callbackPath, openOidcSignIn } from "./oidc-sign-in.ts";
import { type IssuersParts, type OpenedIssuers, type OpenIssuer, openIssuers } from "./open-issuers.ts";
import type { Principal } from "./principal.ts";
import type { SamlSettings } from "./saml/saml-settings.ts";
import { openSamlSignIn } from "./saml/saml-sign-in.ts";
import type { SpentAssertions } from "./saml/spent-assertions.ts";
import { type LogoutVerdict, verifyLogoutToken } from "./sign-out/logout-token.ts";
import { asTrusted } from "./trust.ts";

/** All that say who somebody is, as configured. Settings that are the very same objects as before keep their keys. */
export interface Providers extends Pick<IssuersParts, "issuers" | "machines" | "networkOf"> {
  readonly samlProviders: readonly SamlSettings[];
}

export interface ProvidersParts extends Pick<IssuersParts, "signOutStore" | "clock"> {
  readonly spentAssertions: SpentAssertions;
  readonly controlUrl: string;
}

/** The providers that count now. What is handed out here stays the same, and asks the ones in force each time. */
export interface ProvidersInForce {
  readonly identityTokens: IdentityTokens;
  readonly browserSignIn: BrowserSignIn;
  /** `undefined` for providers that send no logout tokens. */
  verifyLogout(providerId: string, logoutToken: string): Promise<LogoutVerdict> | undefined;
  /** Whether the provider of this person, or the machine identity, is configured now. */
  vouchFor(who: {
    readonly principal: Pick<Principal, "issuer">;
    readonly machine?: string | undefined;
  }): boolean;
  /** A person as their provider may vouch for them now: with less than at the sign-in, if it is believed less since. */
  vouchedNow(principal: Principal): Principal | undefined;
  /** In one turn: tokens and answers of those that are gone count no more from here on. */
  replace(next: Providers): void;
}

interface Opened {
  readonly providers: Providers;
  readonly issuers: OpenedIssuers;
  readonly browserSignIn: BrowserSignIn;
}

export function openProviders(first: Providers, parts: ProvidersParts): ProvidersInForce {
  let inForce = open(first, parts, undefined);
  return {
    identityTokens: {
      knows: (issuer) => inForce.issuers.identityTokens.knows(issuer),
      verify: (token, clients) => inForce.issuers.identityTokens.verify(token, clients),
      verifyOpaque: (text) => inForce.issuers.identityTokens.verifyOpaque(text),
    },
    browserSignIn: {
      get providers() {
        return inForce.browserSignIn.providers;
      },
      begin: (providerId, options) => inForce.browserSignIn.begin(providerId, options),
      finish: (answer, pending) => inForce.browserSignIn.finish(answer, pending),
      samlMetadata: (providerId) => inForce.browserSignIn.samlMetadata(providerId),
      signOut: (atProvider, back) => inForce.browserSignIn.signOut(atProvider, back),
    },
    verifyLogout: (id, token) => {
      const found = inForce.issuers.people.find(({ settings }) => settings.id === id);
      return found && verifyLogoutToken(token, { ...found, clock: parts.clock });
    },
    vouchFor: (who) => isConfigured(who, inForce.providers),
    vouchedNow: (principal) => {
      const { issuers, samlProviders } = inForce.providers;
      const provider = [...issuers, ...samlProviders].find(({ issuer }) => issuer === principal.issuer);
      return provider && asTrusted(principal, provider.trust);
    },
    replace: (next) => {
      inForce = open(next, parts, inForce.issuers);
    },
  };
}

function isConfigured(
  { principal, machine }: Parameters<ProvidersInForce["vouchFor"]>[0],
  { issuers, samlProviders, machines = [] }: Providers,
): boolean {
  return machine === undefined
    ? [...issuers, ...samlProviders].some(({ issuer }) => issuer === principal.issuer)
    : machines.some(({ name, issuer }) => name === machine && issuer === principal.issuer);
}

function open(providers: Providers, parts: ProvidersParts, before: OpenedIssuers | undefined): Opened {
  const { signOutStore, clock } = parts;
  const issuers = openIssuers({ ...providers, signOutStore, clock }, before);
  const oidc = issuers.people.map((issuer) => oidcWay(issuer, providers, parts));
  return { providers, issuers, browserSignIn: openBrowserSignIn([...oidc, ...samlWays(providers, parts)]) };
}

function oidcWay({ settings, tokens }: OpenIssuer, { networkOf }: Providers, parts: ProvidersParts) {
  const { controlUrl, clock } = parts;
  const signIn = openOidcSignIn({
    settings,
    identityTokens: tokens,
    redirectUri: `${controlUrl}${callbackPath(settings.id)}`,
    fetch: networkOf(settings.issuer).fetch,
    clock,
  });
  return { kind: "oidc" as const, id: settings.id, issuer: settings.issuer, signIn };
}

function samlWays({ samlProviders }: Providers, { controlUrl, spentAssertions, clock }: ProvidersParts) {
  return samlProviders.map((settings) => ({
    kind: "saml" as const,
    id: settings.id,
    issuer: settings.issuer,
    signIn: openSamlSignIn({ settings, controlUrl, spentAssertions, clock }),
  }));
}
