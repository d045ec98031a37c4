import type { Clock } from "#lib/clock";
import { assert } from "#lib/errors";
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

interface Opaque {
  readonly opaque: OpaqueTokens | undefined;
}

interface OpenMachines {
  readonly machines: readonly MachineSettings[];
  readonly tokens: IssuerTokens;
}

export interface OpenedIssuers {
  readonly identityTokens: IdentityTokens;
  /** The ones at which people sign in. */
  readonly people: readonly (OpenIssuer & Opaque)[];
  /** By issuer. */
  readonly machines: readonly OpenMachines[];
}

/** All that say who somebody is by a token, each with keys of its own. What is as it was `before` keeps those it has. */
export function openIssuers(parts: IssuersParts, before?: OpenedIssuers): OpenedIssuers {
  const people = parts.issuers.map(
    (settings) => before?.people.find((each) => each.settings === settings) ?? openIssuer(settings, parts),
  );
  const machines = [...Map.groupBy(parts.machines ?? [], ({ issuer }) => issuer).values()].map(
    (all) => before?.machines.find((each) => areSame(each.machines, all)) ?? openMachines(all, parts),
  );
  const all = [...machines, ...people].map(({ tokens }) => tokens);
  // The configuration sees to it that one issuer at most takes opaque tokens: they would be shown to all of them.
  const opaque = people.find((each) => each.opaque !== undefined)?.opaque;
  return { identityTokens: tokensOfIssuers(all, opaque), people, machines };
}

function areSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((each, index) => each === other[index]);
}

function openIssuer(
  settings: IssuerSettings,
  { networkOf, signOutStore, clock }: IssuersParts,
): OpenIssuer & Opaque {
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
function openMachines(
  machines: readonly MachineSettings[],
  { networkOf, signOutStore, clock }: IssuersParts,
): OpenMachines {
  const [first] = machines;
  assert(first !== undefined, "a group of machines has one at least");
  const { issuer, keySource } = first;
  const algorithms = [...new Set(machines.flatMap((each) => each.algorithms))];
  const keys = new ProviderKeys({
    issuer,
    algorithms,
    keySource,
    fetchJson: networkOf(issuer).fetchJson,
    clock,
  });
  const tokens = machineTokens({ issuer, machines, keys, clock });
  return { machines, tokens: standingTokens(tokens, { signOuts: signOutStore, clock }) };
}
