import {
  type Configuration,
  type ConnectionConfiguration,
  readDocuments,
  readSecret,
  type SourceDocument,
} from "#config";
import type { Connection } from "#connections";
import {
  type IntrospectionSettings,
  type IssuerSettings,
  objectionToCertificate,
  type ProviderTrust,
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

/** The OpenID Connect providers, likewise. Throws `secret_missing`. */
export function issuerSettings({ identity }: Configuration): IssuerSettings[] {
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
    trust: trustOf(written),
  }));
}

type WrittenIntrospection = Configuration["identity"]["issuers"][number]["introspection"];

/** Throws `secret_missing` at once, rather than at the first token. */
function introspectionSettings(written: WrittenIntrospection): IntrospectionSettings | undefined {
  if (written === undefined) return undefined;
  const { endpoint, client_id: clientId, client_secret: secret, scope } = written;
  readSecret(secret);
  return {
    endpoint,
    clientId,
    clientSecret: () => readSecret(secret),
    scope,
    opaqueTokens: written.opaque_tokens,
    jwts: written.jwts,
  };
}

/** The SAML providers, with their certificates read. Throws `file_missing`, `file_unreadable`, `config_invalid`. */
export function samlSettings({ identity }: Configuration): SamlSettings[] {
  return identity.saml.map((written) => ({
    id: written.name,
    issuer: written.issuer,
    signInUrl: written.sign_in_url,
    certificates: readDocuments(written.certificates).map(certificateOf),
    subjectAttribute: written.subject_attribute,
    emailAttribute: written.email_attribute,
    groupsAttribute: written.groups_attribute,
    trust: trustOf(written),
  }));
}

function trustOf(written: {
  groups?: string[] | undefined;
  email_domains?: string[] | undefined;
}): ProviderTrust {
  return { groups: written.groups, emailDomains: written.email_domains };
}

function certificateOf({ file, text }: SourceDocument): string {
  const objection = objectionToCertificate(text);
  if (objection === undefined) return text;
  throw new GatehouseError("config_invalid", `${file} cannot prove what a SAML provider says: ${objection}.`);
}
