import type { Clock } from "#lib/clock";
import type { ProviderFetch } from "./guarded-fetch.ts";
import { type IssuerSettings, identityTokens } from "./identity-token.ts";
import {
  alsoIntrospected,
  type IntrospectedParts,
  opaqueTokens,
} from "./introspection/introspected-tokens.ts";
import { openIntrospector } from "./introspection/introspector.ts";
import { type IdentityTokens, type IssuerTokens, type OpaqueTokens, tokensOfIssuers } from "./issuers.ts";
import type { MachineSettings } from "./machines/machine.ts";
import { machineTokens } from "./machines/machine-tokens.ts";
import { type FetchJson, ProviderKeys } from "./provider-keys.ts";
import type { SignOutStore } from "./sign-out/sign-out-store.ts";
import { standingOpaqueTokens, standingTokens } from "./sign-out/standing-tokens.ts";

/** The two ways in which we speak to an identity provider, both guarded. */
export interface Network {
  readonly fetchJson: FetchJson;
  readonly fetch: ProviderFetch;
}

export interface IssuersParts {
  /** OpenID Connect providers, whose tokens also open agents' sessions. */
  readonly issuers: readonly IssuerSettings[];
  /** Workloads that say who they are with a token of their platform. */
  readonly machines?: readonly MachineSettings[];
  /** How to speak to this issuer: each behind a guard of its own, as one on loopback opens nothing for the others. */
  readonly networkOf: (issuer: string) => Network;
  readonly signOutStore: SignOutStore;
  readonly clock: Clock;
}

export interface OpenIssuer {
  readonly settings: IssuerSettings;
  readonly keys: ProviderKeys;
  readonly tokens: IssuerTokens;
}

/** All that say who somebody is by a token, each with keys of its own. */
export function openIssuers(parts: IssuersParts): {
  readonly identityTokens: IdentityTokens;
  /** The ones at which people sign in. */
  readonly people: readonly OpenIssuer[];
} {
  const opened = parts.issuers.map((settings) => openIssuer(settings, parts));
  const all = [...tokensOfMachines(parts), ...opened.map(({ tokens }) => tokens)];
  // The configuration sees to it that one issuer at most takes opaque tokens: they would be shown to all of them.
  const opaque = opened.find((each) => each.opaque !== undefined)?.opaque;
  return { identityTokens: tokensOfIssuers(all, opaque), people: opened };
}

function openIssuer(
  settings: IssuerSettings,
  { networkOf, signOutStore, clock }: IssuersParts,
): OpenIssuer & { readonly opaque: OpaqueTokens | undefined } {
  const { issuer, introspection } = settings;
  const { fetchJson, fetch } = networkOf(issuer);
  const keys = new ProviderKeys({ ...settings, fetchJson, clock });
  const tokens = identityTokens({ settings, keys, clock });
  const standing = { signOuts: signOutStore, clock };
  if (introspection === undefined)
    return { settings, keys, tokens: standingTokens(tokens, standing), opaque: undefined };
  const introspector = openIntrospector({ issuer, settings: introspection, fetch, clock });
  const asked: IntrospectedParts = { rules: settings, introspector, clock };
  return {
    settings,
    keys,
    tokens: standingTokens(introspection.jwts ? alsoIntrospected(tokens, asked) : tokens, standing),
    opaque: introspection.opaqueTokens ? standingOpaqueTokens(opaqueTokens(asked), standing) : undefined,
  };
}

/** Several machine identities of one issuer share its keys; the configuration sees to it that they agree on where those are. */
function tokensOfMachines({ machines = [], networkOf, signOutStore, clock }: IssuersParts): IssuerTokens[] {
  return [...Map.groupBy(machines, ({ issuer }) => issuer)].map(([issuer, all]) => {
    const algorithms = [...new Set(all.flatMap((each) => each.algorithms))];
    const keySource = all[0]?.keySource ?? { kind: "discovery" as const };
    const { fetchJson } = networkOf(issuer);
    const keys = new ProviderKeys({ issuer, algorithms, keySource, fetchJson, clock });
    const tokens = machineTokens({ issuer, machines: all, keys, clock });
    return standingTokens(tokens, { signOuts: signOutStore, clock });
  });
}
