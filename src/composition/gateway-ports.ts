import type { ApprovalDesk } from "#approvals";
import type { OpenAuditLog } from "#audit";
import type { Catalogue } from "#catalogue";
import { type Connection, type ConnectionRegistry, egressFences } from "#connections";
import type { DataPlanePorts } from "#gateway";
import type { Authenticator } from "#identity";
import type { CertificateAuthority, PlaceholderKey } from "#keys";
import type { Clock } from "#lib/clock";
import { createEgress, type Egress } from "#lib/egress";
import { type MaskingRules, placeholderFor, planMasking } from "#masking";
import { evaluate, type PolicySet } from "#policy";
import type { Logger } from "#telemetry";
import { approvalKeys } from "./approval-keys.ts";
import type { LiveSet } from "./live-set.ts";

export interface GatewayParts {
  readonly catalogue: Catalogue;
  readonly authenticator: Authenticator;
  readonly connections: ConnectionRegistry;
  readonly policies: LiveSet<PolicySet>;
  readonly masking: LiveSet<MaskingRules>;
  readonly approvals: ApprovalDesk;
  readonly audit: OpenAuditLog;
  readonly authority: CertificateAuthority;
  readonly placeholderKey: PlaceholderKey;
  readonly controlUrl: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The data plane's ports, filled; `close` ends the upstream sockets. */
export function gatewayPorts(parts: GatewayParts): { ports: DataPlanePorts; close(): Promise<void> } {
  const upstream = upstreams(parts.connections);
  const { policies, masking, placeholderKey, controlUrl } = parts;
  return {
    close: upstream.close,
    ports: {
      ...parts,
      decide: (input) => evaluate(policies.current(), input),
      approvalKeys,
      approvalUrl: (id) => `${controlUrl}/approvals/${id}`,
      masking: {
        plan: (subject) => planMasking(masking.current(), subject),
        placeholder: (sessionId, resource) => placeholderFor(placeholderKey.forSession(sessionId), resource),
      },
      upstream: upstream.of,
    },
  };
}

/** One pool of sockets a connection: two upstream identities never share one. */
function upstreams(configured: Pick<ConnectionRegistry, "find">): {
  of(connection: Connection): Egress["dispatcher"];
  close(): Promise<void>;
} {
  const pools = new Map<Connection, Egress>();
  return {
    of: (connection) => {
      const known = pools.get(connection);
      if (known !== undefined) return known.dispatcher;
      for (const [other, pool] of pools) {
        if (configured.find(other.name) === other) continue;
        // No longer configured like that: what is under way ends as it began, and nothing else uses its sockets.
        pools.delete(other);
        pool.finish().catch(() => undefined);
      }
      const pool = createEgress(egressFences(connection));
      pools.set(connection, pool);
      return pool.dispatcher;
    },
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}
