import { z } from "zod";
import { limits } from "#lib/limits";
import { isLoopbackHost } from "#lib/loopback";
import { archive } from "./archive.ts";
import { auditSchema } from "./audit.ts";
import { claimPath } from "./claim-path.ts";
import { databaseSchema } from "./database.ts";
import { introspection } from "./introspection.ts";
import { listener } from "./listener.ts";
import { haveOneSource, machine, objectionToGroups } from "./machines.ts";
import { metrics } from "./metrics.ts";
import { recordings } from "./recordings.ts";
import { secretReference } from "./secret-reference.ts";
import { sinks } from "./sinks.ts";
import { universe } from "./universe.ts";
import { isOrigin, issuerReach, webUrl } from "./web-address.ts";
import { witnesses } from "./witnesses.ts";

const name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and hyphens");
const names = z.array(z.string().min(1)).min(1);

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

/** Where an issuer's tokens say what. */
const mapping = {
  subject_claim: claimPath
    .prefault("sub")
    .describe("claim that tells people apart: a text that is never given to somebody else"),
  email_claim: claimPath.prefault("email"),
  email_verified_claim: claimPath
    .prefault("email_verified")
    .describe("claim that must be true for the address to count"),
  groups_claim: claimPath.prefault("groups").describe("claim with the groups"),
  groups_format: z
    .enum(["list", "words"])
    .default("list")
    .describe("a list, or one text with spaces between"),
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
    web_client: z
      .string()
      .min(1)
      .describe("client of the browser sign-in; public, unless web_client_secret says otherwise"),
    web_client_secret: secretReference
      .optional()
      .describe(
        "secret of web_client, where the provider has it as a confidential client: { env: NAME } or { file: PATH }",
      ),
    algorithms: z
      .array(z.enum(["RS256", "PS256", "ES256", "EdDSA"]))
      .min(1)
      .default(["RS256", "ES256"]),
    audiences: z
      .array(z.string().min(1))
      .max(10)
      .default([])
      .describe("further audiences of ours; tokens for them name one of the clients in azp"),
    ...mapping,
    introspection: introspection.optional(),
    step_up_acr: z
      .array(z.string().regex(/^[\x21-\x7e]+$/, "must be visible characters without spaces"))
      .min(1)
      .max(10)
      .optional()
      .describe(
        "values of acr, one of which a sign-in needs to carry an act of an approver, auditor or administrator",
      ),
    ...issuerReach,
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
  .refine(
    ({ introspection: asked, ...value }) =>
      asked === undefined || !clientsOf(value).includes(asked.client_id),
    {
      error: "must differ from the clients whose tokens it asks about",
      path: ["introspection", "client_id"],
    },
  )
  .refine((value) => new Set(clientsOf(value)).size === 3, {
    error: "must differ from the other clients: what a stored sign-in may do hangs on it",
    path: ["console_client"],
  });

interface Clients {
  readonly agent_client: string;
  readonly console_client: string;
  readonly web_client: string;
}

function clientsOf({ agent_client, console_client, web_client }: Clients): readonly string[] {
  return [agent_client, console_client, web_client];
}

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
    machines: z.array(machine).max(limits.machinesMax).default([]),
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
  .refine(
    ({ issuers, saml, machines }) =>
      areDistinct([...issuers, ...saml, ...machines].map((each) => each.name ?? "oidc")),
    { error: "names of identity providers and machines must differ", path: ["saml"] },
  )
  .refine(({ issuers, saml }) => areDistinct([...issuers, ...saml].map((each) => each.issuer)), {
    error: "two identity providers of one name for themselves: nobody could say which of them proved it",
    path: ["issuers"],
  })
  .refine(({ issuers }) => issuers.filter((each) => each.introspection?.opaque_tokens).length <= 1, {
    error:
      "opaque tokens name no issuer, and are shown to one only: set opaque_tokens to false at the others",
    path: ["issuers"],
  })
  .refine(({ machines }) => haveOneSource(machines), {
    error: "machines of one issuer share its keys: say the same of keys, hosts and algorithms in each",
    path: ["machines"],
  })
  .refine(
    ({ issuers, machines }) => machines.every((each) => !issuers.some((one) => isConfused(one, each))),
    {
      error: "an audience must not be a client or audience of people at the same issuer",
      path: ["machines"],
    },
  )
  .superRefine(({ machines, roles }, context) => {
    for (const [index, each] of machines.entries()) {
      const message = objectionToGroups(each, roles);
      if (message !== undefined)
        context.addIssue({ code: "custom", message, path: ["machines", index, "groups"] });
    }
  });

/** Where people and machines have one issuer, nothing but the audience says who is meant. */
function isConfused(
  people: z.infer<typeof issuer>,
  { issuer: named, kind, audience }: z.infer<typeof machine>,
): boolean {
  const ours = [...clientsOf(people), ...people.audiences];
  // The kinds know their issuers where none is named: at whichever it is, the same audience is a mistake.
  const isSameIssuer = named === undefined ? kind !== "kubernetes" : named === people.issuer;
  return isSameIssuer && ours.includes(audience);
}

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
export const configurationSchema = z
  .strictObject({
    data: z.string().min(1).default("data").describe("folder of the database and the keys"),
    database: databaseSchema,
    control: listener(8440),
    proxy: listener(8441),
    universe: universe.optional(),
    identity,
    connections: z
      .array(connection)
      .min(1)
      .refine((all) => new Set(all.map((each) => each.name)).size === all.length, {
        error: "names must differ",
      }),
    policies: names.describe("files, or folders whose .yaml files count; reloaded when they change"),
    audit: auditSchema,
    recordings: recordings.prefault({}),
    sinks,
    metrics,
    masking: z.array(z.string().min(1)).default([]).describe("files or folders with masking: documents"),
    protected: z
      .array(z.string().min(1))
      .default([])
      .describe(
        "service accounts and resource names of Gatehouse itself: only reads reach them, whatever policies say",
      ),
    witnesses,
    archive,
  })
  .superRefine(({ identity: { machines }, connections }, context) => {
    for (const [index, each] of machines.entries()) {
      const unknown = each.connections?.find((named) => !connections.some((one) => one.name === named));
      if (unknown === undefined) continue;
      const path = ["identity", "machines", index, "connections"];
      context.addIssue({ code: "custom", message: `there is no connection ${unknown}`, path });
    }
  });

export type Configuration = z.infer<typeof configurationSchema>;
export type ConnectionConfiguration = z.infer<typeof connection>;
