import {
  type Configuration,
  type ConnectionConfiguration,
  readDocuments,
  type SourceDocument,
} from "#config";
import type { Connection } from "#connections";
import {
  type IssuerSettings,
  objectionToCertificate,
  type ProviderTrust,
  type RoleGroups,
  type SamlSettings,
  unnamedProvider,
} from "#identity";
import { GatehouseError } from "#lib/errors";

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

/**
 * The OpenID Connect providers, likewise. How far each is believed is asked of `inForce` each time: that may change while
 * the server runs, unlike the rest.
 */
export function issuerSettings({ identity }: Configuration, inForce: () => Configuration): IssuerSettings[] {
  return identity.issuers.map((written) => ({
    id: written.name ?? unnamedProvider,
    issuer: written.issuer,
    clients: { agent: written.agent_client, console: written.console_client, web: written.web_client },
    algorithms: written.algorithms,
    groupsClaim: written.groups_claim,
    trust: liveTrust(written.issuer, inForce),
  }));
}

/** The SAML providers, with their certificates read. Throws `file_missing`, `file_unreadable`, `config_invalid`. */
export function samlSettings({ identity }: Configuration, inForce: () => Configuration): SamlSettings[] {
  return identity.saml.map((written) => ({
    id: written.name,
    issuer: written.issuer,
    signInUrl: written.sign_in_url,
    certificates: readDocuments(written.certificates).map(certificateOf),
    subjectAttribute: written.subject_attribute,
    emailAttribute: written.email_attribute,
    groupsAttribute: written.groups_attribute,
    trust: liveTrust(written.issuer, inForce),
  }));
}

/** The groups that hold each role, now. */
export function liveRoles(inForce: () => Configuration): RoleGroups {
  return {
    get "agent-user"() {
      return inForce().identity.roles["agent-user"];
    },
    get approver() {
      return inForce().identity.roles.approver;
    },
    get auditor() {
      return inForce().identity.roles.auditor;
    },
    get "policy-admin"() {
      return inForce().identity.roles["policy-admin"];
    },
  };
}

function liveTrust(issuer: string, inForce: () => Configuration): ProviderTrust {
  return {
    get groups() {
      return trustOf(issuer, inForce()).groups;
    },
    get emailDomains() {
      return trustOf(issuer, inForce()).emailDomains;
    },
  };
}

/** A provider that is not there is believed nothing. */
function trustOf(issuer: string, { identity }: Configuration): ProviderTrust {
  const written = [...identity.issuers, ...identity.saml].find((each) => each.issuer === issuer);
  return written === undefined
    ? { groups: [], emailDomains: [] }
    : { groups: written.groups, emailDomains: written.email_domains };
}

function certificateOf({ file, text }: SourceDocument): string {
  const objection = objectionToCertificate(text);
  if (objection === undefined) return text;
  throw new GatehouseError("config_invalid", `${file} cannot prove what a SAML provider says: ${objection}.`);
}
