import type { Configuration, ConnectionConfiguration } from "#config";
import type { Connection } from "#connections";
import type { IssuerSettings } from "#identity";
import { assert } from "#lib/errors";

/** A connection as the operator wrote it, in the words of its module. */
export function connectionOf(written: ConnectionConfiguration): Connection {
  const { name, identity, hosts, projects, groups, endpoint, quota_project: quotaProject } = written;
  return {
    name,
    identity,
    hosts,
    projects,
    groups,
    endpoint: endpoint === undefined ? undefined : new URL(endpoint),
    quotaProject,
  };
}

/** The one identity provider, likewise. */
export function issuerSettings({ identity }: Configuration): IssuerSettings {
  const [written] = identity.issuers;
  assert(written !== undefined, "configuration names an issuer");
  return {
    issuer: written.issuer,
    clients: { agent: written.agent_client, console: written.console_client, web: written.web_client },
    algorithms: written.algorithms,
    groupsClaim: written.groups_claim,
  };
}
