import type { Configuration } from "#config";
import {
  guardedNetwork,
  type IssuerSettings,
  type MachineSettings,
  type Network,
  type Providers,
} from "#identity";
import { createEgress, type Egress, type EgressFences } from "#lib/egress";
import { assert } from "#lib/errors";
import { issuerSettings, samlSettings } from "./configured.ts";
import { fencesOf, machineSettings } from "./configured-machines.ts";

/** The identity providers of a configuration, built and not yet in force. */
export interface PreparedProviders {
  readonly providers: Providers;
  /** Lets go of the sockets that only those before needed. What is under way there ends as it began. */
  retireOthers(): void;
}

/**
 * Turns what is configured of identity providers into settings. What is written as it was before is the same object as
 * before, by which `identity` knows that it may keep its keys.
 */
export function openConfiguredProviders(inForce: () => Configuration): {
  /** Throws `config_invalid`, `secret_missing`, `file_missing`, `file_unreadable`. */
  prepare(configuration: Configuration): PreparedProviders;
  close(): Promise<void>;
} {
  // Owned here, by what was written: replaced as a whole when others come into force.
  let kept = nothing;
  return {
    prepare: (configuration) => {
      const next = build(configuration, inForce, kept);
      return {
        providers: next.providers,
        retireOthers: () => {
          const gone = [...kept.networks].filter(([key]) => !next.kept.networks.has(key));
          kept = next.kept;
          for (const [, { egress }] of gone) egress.finish().catch(() => undefined);
        },
      };
    },
    close: async () => {
      await Promise.all([...kept.networks.values()].map(({ egress }) => egress.close()));
    },
  };
}

interface Kept {
  readonly issuers: ReadonlyMap<string, IssuerSettings>;
  readonly machines: ReadonlyMap<string, MachineSettings>;
  readonly networks: ReadonlyMap<string, GuardedNetwork>;
}

/** Each provider behind a guard of its own: one on loopback opens nothing for the others. */
interface GuardedNetwork {
  readonly egress: Egress;
  readonly network: Network;
}

const nothing: Kept = { issuers: new Map(), machines: new Map(), networks: new Map() };

function build(
  configuration: Configuration,
  inForce: () => Configuration,
  before: Kept,
): { readonly providers: Providers; readonly kept: Kept } {
  const machines = machineSettings(configuration);
  const issuers = issuerSettings(configuration, inForce);
  const fences = new Map(
    [...issuers, ...machines].map(({ issuer }) => [issuer, fencesOf(configuration, machines, issuer)]),
  );
  const { identity } = configuration;
  const fence = ({ issuer }: { readonly issuer: string }): unknown => fences.get(issuer);
  const kept: Kept = {
    issuers: keyed(issuers, (each, index) => [identity.issuers[index], fence(each)], before.issuers),
    machines: keyed(
      machines,
      (each, index) => [identity.machines[index], each, fence(each)],
      before.machines,
    ),
    networks: networksFor(fences, before.networks),
  };
  const providers: Providers = {
    issuers: [...kept.issuers.values()],
    machines: [...kept.machines.values()],
    samlProviders: samlSettings(configuration, inForce),
    networkOf: (issuer) => networkOf(issuer, fences, kept),
  };
  return { providers, kept };
}

/** By what says all of each; names differ, so no two are the same. The order is kept: the first issuer is the command line's. */
function keyed<Each>(
  all: readonly Each[],
  wordsOf: (each: Each, index: number) => unknown,
  before: ReadonlyMap<string, Each>,
): ReadonlyMap<string, Each> {
  return new Map(
    all.map((each, index) => {
      const key = JSON.stringify(wordsOf(each, index));
      return [key, before.get(key) ?? each];
    }),
  );
}

function networksFor(
  fences: ReadonlyMap<string, EgressFences>,
  before: Kept["networks"],
): ReadonlyMap<string, GuardedNetwork> {
  return new Map(
    [...fences].map((entry) => {
      const key = JSON.stringify(entry);
      return [key, before.get(key) ?? guarded(entry[1])];
    }),
  );
}

function networkOf(issuer: string, fences: ReadonlyMap<string, EgressFences>, { networks }: Kept): Network {
  const found = networks.get(JSON.stringify([issuer, fences.get(issuer)]));
  assert(found !== undefined, "each issuer that is configured has a network");
  return found.network;
}

function guarded(fences: EgressFences): GuardedNetwork {
  const egress = createEgress(fences);
  return { egress, network: guardedNetwork(egress) };
}
