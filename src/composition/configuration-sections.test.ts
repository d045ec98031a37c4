import { expect, test } from "vitest";
import { type Configuration, configurationSchema } from "#config";
import { changeOf, configurationDigest, endingsOf } from "./configuration-sections.ts";

const clients = { agent_client: "a", console_client: "c", web_client: "w" };
const written = {
  identity: {
    issuers: [{ name: "one", issuer: "https://one.example.com", groups: ["a"], ...clients }],
    saml: [
      { name: "two", issuer: "urn:two", sign_in_url: "https://two.example.com/", certificates: ["x.pem"] },
    ],
    machines: ["ci", "nightly"].map((name) => ({
      name,
      kind: "custom",
      issuer: "https://ci.example.com",
      audience: "gatehouse",
      allow: [{ claim: "job", equals: name }],
      groups: ["engineering"],
    })),
    roles: { "agent-user": ["engineering"], approver: ["sre"], auditor: [], "policy-admin": [] },
  },
  connections: [{ name: "prod", identity: { kind: "application_default" } }],
  policies: ["policies"],
};
const sound = configurationSchema.parse(written);

const changes: readonly (readonly [
  string,
  (next: Configuration) => unknown,
  readonly string[],
  readonly string[],
])[] = [
  ["nothing", () => undefined, [], []],
  ["a role's groups", ({ identity }) => identity.roles.approver.push("security"), ["identity.roles"], []],
  ["a provider's groups", ({ identity }) => identity.issuers[0]?.groups?.push("b"), ["identity.trust"], []],
  [
    "a SAML provider's domains",
    ({ identity }) => {
      for (const each of identity.saml) each.email_domains = ["example.com"];
    },
    ["identity.trust"],
    [],
  ],
  ["another connection", ({ connections }) => connections.pop(), ["connections"], []],
  ["what is protected", (next) => next.protected.push("b/logs"), ["protected"], []],
  ["where policies are", (next) => next.policies.push("more"), ["policies"], []],
  ["where masking rules are", (next) => next.masking.push("more"), ["masking"], []],
  ["the data folder", (next) => Object.assign(next, { data: "elsewhere" }), [], ["data"]],
  ["a listener", ({ proxy }) => Object.assign(proxy, { port: 1 }), [], ["proxy"]],
  [
    "a provider's clients",
    ({ identity }) => {
      for (const each of identity.issuers) each.web_client = "other";
    },
    ["identity.providers"],
    [],
  ],
  [
    "where the secret of a provider's web client is",
    ({ identity }) => {
      for (const each of identity.issuers) each.web_client_secret = { env: "WEB_CLIENT_SECRET" };
    },
    ["identity.providers"],
    [],
  ],
  ["a provider that is gone", ({ identity }) => identity.saml.pop(), ["identity.providers"], []],
  ["a machine that is gone", ({ identity }) => identity.machines.pop(), ["identity.providers"], []],
  [
    "a key of identity that nobody thought of",
    ({ identity }) => Object.assign(identity, { brand_new: 1 }),
    [],
    ["identity.brand_new"],
  ],
  [
    "a provider that is new, beside a role",
    ({ identity }) => {
      identity.issuers.push({
        ...(configurationSchema.parse(written).identity.issuers[0] ?? never()),
        issuer: "https://three.example.com",
      });
      identity.roles.auditor.push("audit");
    },
    ["identity.roles", "identity.providers"],
    [],
  ],
];

function never(): never {
  throw new Error("the configuration has an issuer");
}

test.each(changes)(
  "of %s it is known what takes effect at once and what needs a restart",
  (_name, edit, live, restart) => {
    const next = configurationSchema.parse(written);
    edit(next);
    const { effective, changed, needsRestart } = changeOf(sound, next);
    expect([changed, needsRestart]).toEqual([live, restart]);
    // What needs a restart is not half in force: applied again, the file changes nothing more.
    expect(changeOf(effective, next)).toMatchObject({ changed: [], needsRestart: restart });
    expect(configurationDigest(effective) === configurationDigest(sound)).toBe(live.length === 0);
  },
);

test("a section that nobody thought of needs a restart", () => {
  const next: Configuration & { brand_new?: number } = {
    ...configurationSchema.parse(written),
    brand_new: 1,
  };
  expect(changeOf(sound, next).needsRestart).toEqual(["brand_new"]);
});

const endings: readonly (readonly [string, (next: Configuration) => unknown, object])[] = [
  [
    "a provider that is believed less ends what it vouched for, and no other's",
    ({ identity }) => Object.assign(identity.issuers[0] ?? never(), { groups: [] }),
    { issuers: [{ issuer: "https://one.example.com", cause: "trust_changed" }], machines: [] },
  ],
  [
    "a provider that is gone ends what it vouched for",
    ({ identity }) => identity.saml.pop(),
    { issuers: [{ issuer: "urn:two", cause: "provider_changed" }], machines: [] },
  ],
  [
    "a provider under another client ends what it vouched for",
    ({ identity }) => Object.assign(identity.issuers[0] ?? never(), { agent_client: "b" }),
    { issuers: [{ issuer: "https://one.example.com", cause: "provider_changed" }], machines: [] },
  ],
  [
    "a machine that is gone ends its own sessions, and not those of another one of the same issuer",
    ({ identity }) => identity.machines.pop(),
    { issuers: [], machines: ["nightly"] },
  ],
  [
    "a machine under other conditions ends its sessions",
    ({ identity }) => identity.machines[0]?.allow.push({ claim: ["ref"], equals: "main" }),
    { issuers: [], machines: ["ci"] },
  ],
  [
    "a role's groups end nothing",
    ({ identity }) => identity.roles.approver.pop(),
    { issuers: [], machines: [] },
  ],
  [
    "what is new ends nothing",
    ({ identity }) =>
      identity.issuers.push({
        ...(configurationSchema.parse(written).identity.issuers[0] ?? never()),
        issuer: "https://three.example.com",
      }),
    { issuers: [], machines: [] },
  ],
];

test.each(endings)("%s", (_sentence, edit, expected) => {
  const next = configurationSchema.parse(written);
  edit(next);
  expect(endingsOf(sound, next)).toEqual(expected);
});

test("the order of keys says nothing", () => {
  const { policies, connections, identity } = written;
  expect(configurationDigest(configurationSchema.parse({ policies, connections, identity }))).toBe(
    configurationDigest(sound),
  );
});
