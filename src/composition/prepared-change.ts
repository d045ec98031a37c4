import type { ApprovalDesk } from "#approvals";
import type { NewEntry } from "#audit";
import type { Configuration } from "#config";
import type { OpenedConnections } from "#connections";
import type { Identity, Sessions, SignOuts } from "#identity";
import type { MaskingRules } from "#masking";
import type { PolicySet } from "#policy";
import type { Logger } from "#telemetry";
import {
  type ConfigurationChange,
  type Endings,
  endingsOf,
  type LiveSection,
} from "./configuration-sections.ts";
import { connectionOf } from "./configured.ts";
import type { openConfiguredProviders } from "./configured-providers.ts";
import type { PreparedChange } from "./live-configuration.ts";
import { type LiveRulesParts, openLiveMasking, openLivePolicies } from "./live-rules.ts";
import type { LiveSet } from "./live-set.ts";

/** A live set in whose place another can be put. */
export interface Exchangeable<T> extends LiveSet<T> {
  exchange(next: LiveSet<T>): void;
}

export function exchangeable<T>(first: LiveSet<T>): Exchangeable<T> {
  let inForce = first;
  return {
    current: () => inForce.current(),
    close: () => inForce.close(),
    exchange: (next) => {
      inForce.close();
      inForce = next;
    },
  };
}

/** The parts of a running server that follow its configuration. */
export interface FollowingParts {
  readonly inForce: { get(): Configuration; set(next: Configuration): void };
  readonly connections: Pick<OpenedConnections, "prepare">;
  readonly policies: Exchangeable<PolicySet>;
  readonly masking: Exchangeable<MaskingRules>;
  readonly providers: Pick<ReturnType<typeof openConfiguredProviders>, "prepare">;
  readonly identity: Pick<Identity, "replaceProviders"> & {
    readonly signOuts: Pick<SignOuts, "end">;
    readonly sessions: Pick<Sessions, "stop">;
  };
  readonly approvals: Pick<ApprovalDesk, "withdrawStale">;
  readonly record: (entry: NewEntry) => Promise<void>;
  readonly log: Logger;
}

/** Reads and builds what each change needs. Rejects when something of it cannot be had; nothing has changed then. */
export function changePreparer(
  parts: FollowingParts,
): (change: ConfigurationChange) => Promise<PreparedChange> {
  // Owned here: what the sign-ins and sessions that run now were let in by. Behind what is in force when ending the others failed.
  let endedFor = parts.inForce.get();
  return async (change) => {
    const prepared = await prepare(change, parts);
    return {
      ...prepared,
      // Whoever was let in by a provider or machine identity that is gone, is another one now, or may no longer vouch for their
      // groups or address, is let in anew, or not.
      afterwards: async () => {
        await endWhatChanged(endingsOf(endedFor, change.effective), parts.identity);
        endedFor = change.effective;
        // Nobody should be asked about what would now run through another connection. One that is missed here is when it is
        // answered or sent again.
        await parts.approvals.withdrawStale();
      },
    };
  };
}

async function endWhatChanged(
  { issuers, machines }: Endings,
  { signOuts, sessions }: FollowingParts["identity"],
): Promise<void> {
  for (const { issuer, cause } of issuers) await signOuts.end({ issuer }, { kind: cause });
  for (const machine of machines) await sessions.stop({ machine }, { kind: "provider_changed" });
}

async function prepare(
  change: ConfigurationChange,
  parts: FollowingParts,
): Promise<Omit<PreparedChange, "afterwards">> {
  const { effective } = change;
  const has = (...sections: readonly LiveSection[]): boolean =>
    sections.some((section) => change.changed.includes(section));
  const held = heldRecord(parts.record);
  const rules: LiveRulesParts = { record: held.record, log: parts.log };
  const connections = has("connections")
    ? parts.connections.prepare(effective.connections.map(connectionOf))
    : undefined;
  const providers = has("identity.providers") ? parts.providers.prepare(effective) : undefined;
  const masking = has("masking") ? await openLiveMasking(effective.masking, rules) : undefined;
  const policies = has("policies", "protected")
    ? await openLivePolicies(effective.policies, effective.protected, rules).catch((error: unknown) => {
        // Left alone it would go on watching, and put changes on record that are in force nowhere.
        masking?.close();
        throw error;
      })
    : undefined;
  return {
    entries: held.release(),
    commit: () => {
      parts.inForce.set(effective);
      connections?.commit();
      if (providers !== undefined) parts.identity.replaceProviders(providers.providers);
      providers?.retireOthers();
      if (masking !== undefined) parts.masking.exchange(masking);
      if (policies !== undefined) parts.policies.exchange(policies);
    },
    discard: () => {
      masking?.close();
      policies?.close();
    },
  };
}

/** Holds back what a set tells of its opening until the whole change goes on record; later words pass. */
function heldRecord(record: FollowingParts["record"]) {
  let held: NewEntry[] | undefined = [];
  return {
    record: async (entry: NewEntry): Promise<void> => {
      if (held === undefined) await record(entry);
      else held.push(entry);
    },
    release: (): readonly NewEntry[] => {
      const entries = held ?? [];
      held = undefined;
      return entries;
    },
  };
}
