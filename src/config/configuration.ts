import { z } from "zod";
import { auditSchema } from "./audit.ts";
import { databaseSchema } from "./database.ts";

const isLoopbackHost = (host: string): boolean =>
  host === "127.0.0.1" || host === "[::1]" || host === "::1" || host === "localhost";

/** https anywhere; http only to this machine, where nobody can listen in between. */
const webUrl = z
  .url()
  .refine(
    (text) => {
      const url = new URL(text);
      return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname));
    },
    { error: "must be https, or http on a loopback address" },
  )
  // This file names where secrets are and holds none, so that it can be shown, kept and reviewed.
  .refine((text) => new URL(text).username === "" && new URL(text).password === "", {
    error: "must not carry a name or a password",
  });

/** A path or a name and password written here would be dropped on the way, and with them somebody's fence. */
function isOrigin(text: string): boolean {
  const { origin, href } = new URL(text);
  return href === `${origin}/`;
}

const name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and hyphens");
const names = z.array(z.string().min(1)).min(1);

const listener = (port: number) =>
  z
    .strictObject({
      host: z.string().default("127.0.0.1"),
      port: z.int().min(0).max(65_535).default(port),
    })
    .refine((value) => isLoopbackHost(value.host), {
      error: "only loopback addresses are served without TLS; put Gatehouse on 127.0.0.1",
      path: ["host"],
    })
    .prefault({});

const providerName = name.describe("part of addresses, and shown where people choose");

/** How far a provider is believed about its own people. */
const trust = {
  groups: z
    .array(z.string().min(1))
    .optional()
    .describe("the groups of this provider that count; all without it"),
  email_domains: z
    .array(z.string().regex(/^[a-z0-9.-]+$/, "must be a domain in lower case"))
    .optional()
    .describe("domains whose addresses this provider may vouch for; all without it"),
};

const client = (use: string) => z.string().min(1).describe(`public client ${use}`);

const issuer = z
  .strictObject({
    /** Left out where there is only one: its redirect URI is then `/sign-in/callback`. */
    name: providerName.optional(),
    issuer: webUrl,
    agent_client: client("whose tokens open agents' sessions and may be stored on laptops"),
    console_client: client(
      "whose tokens carry one act of an approver, auditor or administrator; never stored",
    ),
    web_client: client("of the browser sign-in"),
    algorithms: z
      .array(z.enum(["RS256", "PS256", "ES256", "EdDSA"]))
      .min(1)
      .default(["RS256", "ES256"]),
    groups_claim: z.string().min(1).default("groups").describe("claim with the list of groups"),
    ...trust,
    development: z
      .boolean()
      .default(false)
      .describe("signs people in without proof; for trying out, on loopback"),
  })
  .refine((value) => !value.development || isLoopbackHost(new URL(value.issuer).hostname), {
    error: "signs people in without proof, so its provider must be on a loopback address",
    path: ["development"],
  })
  .refine((value) => new Set([value.agent_client, value.console_client, value.web_client]).size === 3, {
    error: "must differ from the other clients: what a stored sign-in may do hangs on it",
    path: ["console_client"],
  });

const samlProvider = z.strictObject({
  name: providerName,
  issuer: z.string().min(1).describe("entity ID of the provider, as it names itself"),
  sign_in_url: webUrl.describe("where it takes requests (HTTP-Redirect binding)"),
  certificates: z
    .array(z.string().min(1))
    .min(1)
    .max(10)
    .describe("PEM files of the certificates that sign; two while the provider changes its key"),
  subject_attribute: z
    .string()
    .min(1)
    .optional()
    .describe("attribute that tells people apart, where NameIDs do not"),
  email_attribute: z.string().min(1).optional().describe("attribute with the one e-mail address"),
  groups_attribute: z.string().min(1).default("groups").describe("attribute with the groups"),
  ...trust,
});

/** At most so many ways to sign in: each is another party that says who somebody is. */
const providersMax = 10;

const identity = z
  .strictObject({
    issuers: z.array(issuer).max(providersMax).default([]),
    saml: z.array(samlProvider).max(providersMax).default([]),
    roles: z.strictObject({
      "agent-user": z.array(z.string().min(1)),
      approver: z.array(z.string().min(1)),
      auditor: z.array(z.string().min(1)),
      "policy-admin": z.array(z.string().min(1)),
    }),
  })
  .refine(({ issuers, saml }) => issuers.length + saml.length > 0, {
    error: "at least one identity provider is needed, in issuers or saml",
    path: ["issuers"],
  })
  .refine(({ issuers }) => issuers.length === 1 || issuers.every((each) => each.name !== undefined), {
    error: "where there are several, each needs a name",
    path: ["issuers"],
  })
  .refine(({ issuers, saml }) => areDistinct([...issuers, ...saml].map((each) => each.name ?? "oidc")), {
    error: "names of identity providers must differ",
    path: ["saml"],
  })
  .refine(({ issuers, saml }) => areDistinct([...issuers, ...saml].map((each) => each.issuer)), {
    error: "two identity providers of one name for themselves: nobody could say which of them proved it",
    path: ["issuers"],
  });

function areDistinct(all: readonly string[]): boolean {
  return new Set(all).size === all.length;
}

const scopes = z.array(z.url()).min(1).default(["https://www.googleapis.com/auth/cloud-platform"]);
const ownIdentity = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("application_default"), scopes }),
  z.strictObject({ kind: z.literal("key_file"), path: z.string().min(1), scopes }),
]);
const upstreamIdentity = z.discriminatedUnion("kind", [
  ...ownIdentity.options,
  z.strictObject({ kind: z.literal("impersonation"), target: z.email(), source: ownIdentity, scopes }),
  z.strictObject({ kind: z.literal("none") }),
]);

const connection = z.strictObject({
  name,
  identity: upstreamIdentity,
  hosts: names.default(["*"]),
  projects: names.default(["*"]),
  groups: names.default(["*"]),
  endpoint: webUrl
    .refine(isOrigin, { error: "must end after host and port: calls bring their own path" })
    .optional()
    .describe("where bytes go instead of Google: an emulator or the practice cloud"),
  quota_project: z.string().min(1).optional(),
});

/** The whole of gatehouse.yaml. Unknown keys are refused: a misspelt fence must not be an absent one. */
export const configurationSchema = z.strictObject({
  data: z.string().min(1).default("data").describe("folder of the database and the keys"),
  database: databaseSchema,
  control: listener(8440),
  proxy: listener(8441),
  identity,
  connections: z
    .array(connection)
    .min(1)
    .refine((all) => new Set(all.map((each) => each.name)).size === all.length, {
      error: "names must differ",
    }),
  policies: names.describe("files, or folders whose .yaml files count; reloaded when they change"),
  audit: auditSchema,
  masking: z.array(z.string().min(1)).default([]).describe("files or folders with masking: documents"),
  protected: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "service accounts and resource names of Gatehouse itself: only reads reach them, whatever policies say",
    ),
});

export type Configuration = z.infer<typeof configurationSchema>;
export type ConnectionConfiguration = z.infer<typeof connection>;
