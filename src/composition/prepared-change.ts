import type { ApprovalDesk } from "#approvals";
import type { NewEntry } from "#audit";
import type { Configuration } from "#config";
import type { OpenedConnections } from "#connections";
import type { SignOuts } from "#identity";
import type { MaskingRules } from "#masking";
import type { PolicySet } from "#policy";
import type { Logger } from "#telemetry";
import { type ConfigurationChange, changedTrust, type LiveSection } from "./configuration-sections.ts";
import { connectionOf } from "./configured.ts";
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
  readonly signOuts: Pick<SignOuts, "end">;
  readonly approvals: Pick<ApprovalDesk, "withdrawStale">;
  readonly record: (entry: NewEntry) => Promise<void>;
  readonly log: Logger;
}

/** Reads and builds what each change needs. Rejects when something of it cannot be had; nothing has changed then. */
export function changePreparer(
  parts: FollowingParts,
): (change: ConfigurationChange) => Promise<PreparedChange> {
  // Owned here: whose trust the sign-ins that count now go by. Behind what is in force when ending the others failed.
  let trusted = parts.inForce.get();
  return async (change) => {
    const prepared = await prepare(change, parts);
    return {
      ...prepared,
      // Whoever was let in with groups or an address that this provider may no longer vouch for is let in anew, or not.
      afterwards: async () => {
        for (const issuer of changedTrust(trusted, change.effective)) {
          await parts.signOuts.end({ issuer }, { kind: "trust_changed" });
        }
        trusted = change.effective;
        // Nobody should be asked about what would now run through another connection. One that is missed here is when it is
        // answered or sent again.
        await parts.approvals.withdrawStale();
      },
    };
  };
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
