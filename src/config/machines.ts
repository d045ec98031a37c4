import { z } from "zod";
import { limits } from "#lib/limits";
import { claimPath } from "./claim-path.ts";
import { issuerReach, webUrl } from "./web-address.ts";

const text = z.string().min(1).max(500);

/** All conditions of a machine must hold, and each says one thing about one claim. */
const condition = z
  .strictObject({
    claim: claimPath,
    equals: z
      .union([text, z.boolean()], { error: "must be text or true or false; write numbers in quotes" })
      .optional(),
    one_of: z.array(text).min(1).max(limits.machineConditionNamesMax).optional(),
    prefix: text
      .optional()
      .describe("whole segments between slashes: `a/b` is above `a/b/c`, not above `a/bc`"),
  })
  .refine(
    ({ equals, one_of, prefix }) =>
      [equals, one_of, prefix].filter((each) => each !== undefined).length === 1,
    { error: "must say exactly one of equals, one_of and prefix" },
  );

/** Workloads that say who they are with a token of the platform they run on. */
export const machine = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and hyphens"),
    kind: z.enum(["kubernetes", "github_actions", "google", "cursor", "custom"]),
    issuer: webUrl.optional().describe("as in the token's iss; the kinds of public services know theirs"),
    audience: z
      .string()
      .min(1)
      .max(255)
      .describe("the one audience that its tokens have, made for Gatehouse and nobody else"),
    allow: z.array(condition).min(1).max(limits.machineConditionsMax).describe("all of them must hold"),
    groups: z.array(z.string().min(1)).min(1).describe("given to whoever fulfils the conditions"),
    connections: z.array(z.string().min(1)).min(1).optional().describe("the only ones its sessions may use"),
    algorithms: z
      .array(z.enum(["RS256", "PS256", "ES256", "EdDSA"]))
      .min(1)
      .default(["RS256", "ES256"]),
    jwks_uri: webUrl.optional().describe("where its keys are, in place of discovery"),
    jwks_file: z
      .string()
      .min(1)
      .optional()
      .describe("its keys, where the issuer cannot be reached; read anew"),
    ...issuerReach,
    email_domains: z
      .array(z.string().regex(/^[a-z0-9.-]+$/, "must be a domain in lower case"))
      .min(1)
      .optional()
      .describe("domains whose addresses this issuer may vouch for"),
    subject_claim: claimPath
      .optional()
      .describe("of kind custom: what tells workloads apart; sub without it"),
    agent_claim: claimPath.optional().describe("of kind custom: what runs"),
    name_claim: claimPath.optional().describe("of kind custom: what people call it"),
  })
  .refine(({ jwks_uri, jwks_file }) => jwks_uri === undefined || jwks_file === undefined, {
    error: "must not stand beside jwks_uri",
    path: ["jwks_file"],
  })
  .refine(({ kind, issuer }) => issuer !== undefined || !["kubernetes", "custom"].includes(kind), {
    error: "must be given: each cluster and each service of one's own has another",
    path: ["issuer"],
  });

type Machine = z.infer<typeof machine>;

interface RoleGroups {
  readonly "agent-user": readonly string[];
  readonly approver: readonly string[];
  readonly auditor: readonly string[];
  readonly "policy-admin": readonly string[];
}

/** Nothing that runs by itself approves, reads the audit or administers: no group of a machine may hold such a role. */
export function objectionToGroups({ groups }: Machine, roles: RoleGroups): string | undefined {
  for (const role of ["approver", "auditor", "policy-admin"] as const) {
    const held = groups.find((group) => roles[role].includes(group));
    if (held !== undefined) return `${held} holds the role ${role}, which no machine may have`;
  }
  const mayUseAgents = groups.some((group) => roles["agent-user"].includes(group));
  return mayUseAgents ? undefined : "none of them holds the role agent-user, so the machine could do nothing";
}

/** Two machine identities of one issuer share its keys; two places for them would let one place's keys sign for the other. */
export function haveOneSource(machines: readonly Machine[]): boolean {
  const sourceOf = (each: Machine): string =>
    JSON.stringify([each.jwks_uri, each.jwks_file, each.ca_file, each.private_hosts, each.algorithms]);
  return [...Map.groupBy(machines, ({ kind, issuer }) => issuer ?? kind)].every(
    ([, all]) => new Set(all.map(sourceOf)).size === 1,
  );
}
