import {
  type Configuration,
  type ConnectionConfiguration,
  readDocuments,
  readSecret,
  type SecretReference,
  type SourceDocument,
} from "#config";
import type { Connection } from "#connections";
import {
  type IntrospectionSettings,
  type IssuerSettings,
  objectionToCertificate,
  type ProviderTrust,
  type RoleGroups,
  type SamlSettings,
  unnamedProvider,
} from "#identity";
import { GatehouseError } from "#lib/errors";
import type { Secret } from "#lib/secret";

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
 * The OpenID Connect providers, likewise. Throws `secret_missing`. How far each is believed is asked of `inForce` each time: that may change while
 * the server runs, unlike the rest.
 */
export function issuerSettings({ identity }: Configuration, inForce: () => Configuration): IssuerSettings[] {
  return identity.issuers.map((written) => ({
    id: written.name ?? unnamedProvider,
    issuer: written.issuer,
    clients: { agent: written.agent_client, console: written.console_client, web: written.web_client },
    algorithms: written.algorithms,
    keySource: { kind: "discovery" },
    audiences: written.audiences,
    claims: {
      subject: written.subject_claim,
      email: written.email_claim,
      emailVerified: written.email_verified_claim,
      groups: written.groups_claim,
      groupsFormat: written.groups_format,
    },
    stepUpAcr: written.step_up_acr,
    introspection: introspectionSettings(written.introspection),
    webClientSecret: written.web_client_secret && secretReader(written.web_client_secret),
    trust: liveTrust(written.issuer, inForce),
  }));
}

type WrittenIntrospection = Configuration["identity"]["issuers"][number]["introspection"];

function introspectionSettings(written: WrittenIntrospection): IntrospectionSettings | undefined {
  if (written === undefined) return undefined;
  const { endpoint, client_id: clientId, client_secret: secret, scope } = written;
  return {
    endpoint,
    clientId,
    clientSecret: secretReader(secret),
    scope,
    opaqueTokens: written.opaque_tokens,
    jwts: written.jwts,
  };
}

/** Reads it anew at each call. Throws `secret_missing` at once, rather than at the first token or sign-in. */
function secretReader(reference: SecretReference): () => Secret {
  readSecret(reference);
  return () => readSecret(reference);
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
