import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Configuration, parseConfiguration } from "#config";
import { fencesOf, machineSettings } from "./configured-machines.ts";

const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
const people = `  issuers:
    - { issuer: "https://people.example.com", agent_client: a, console_client: c, web_client: w }
`;
const roles = "  roles: { agent-user: [ci, engineering], approver: [], auditor: [], policy-admin: [] }\n";
const rest = "connections: [{ name: prod, identity: { kind: none } }]\npolicies: [policies]\n";

/** The example, with the parts of a configuration that it leaves out. */
function configured(example: string): Configuration {
  const text = example.includes("identity:\n") ? example : `identity:\n${example}`;
  const issuers = text.includes("issuers:") ? "" : people;
  const whole = `${text.replace("identity:\n", `identity:\n${roles}${issuers}`)}${rest}`;
  return parseConfiguration("example.yaml", whole);
}

const machinesIn = (text: string) => machineSettings(configured(text));
const documented = examples.find((text) => text.includes("machines:")) ?? "";

test("every example of the page is a sound configuration, one for each kind of machine", () => {
  expect(examples).toHaveLength(4);
  for (const text of examples) configured(text);
  expect(machinesIn(documented).map(({ kind }) => kind)).toEqual([
    "kubernetes",
    "github_actions",
    "google",
    "cursor",
    "custom",
  ]);
});

test("one issuer under its known and its written name has one place for its keys", () => {
  const written =
    '    - { name: x, kind: custom, issuer: "https://api.cursor.com", audience: x, groups: [ci], allow: [{ claim: sub, equals: a }] }\n';
  expect(() => machinesIn(documented + written)).toThrow(/keys elsewhere than another machine/);
});

test("a known issuer that people sign in at as well has another audience for its machines", () => {
  const text = `
identity:
  issuers: [{ issuer: "https://accounts.google.com", agent_client: ours, console_client: c, web_client: w }]
  machines: [{ name: x, kind: google, audience: AUDIENCE, groups: [ci], allow: [{ claim: sub, equals: "1" }] }]
`;
  expect(() => configured(text.replace("AUDIENCE", "ours"))).toThrow(/an audience must not be/);
  expect(machinesIn(text.replace("AUDIENCE", "theirs"))).toHaveLength(1);
});

const ofOneIssuer = (first: string, second: string): string => `
identity:
  machines:
    - { name: one, kind: cursor, audience: x, groups: [ci], email_domains: [example.com], allow: [{ claim: team_id, equals: "7" }], ${first} }
    - { name: two, kind: custom, issuer: "https://api.cursor.com", jwks_uri: "JWKS", audience: y, groups: [ci], allow: [{ claim: sub, equals: a }], ${second} }
`;
const cursorKeys = completedKeys();

/** Where the keys of the known issuer are, so that the other entry can agree. */
function completedKeys(): string {
  const [machine] = machinesIn(documented).filter(({ kind }) => kind === "cursor");
  return machine?.keySource.kind === "address" ? machine.keySource.url : "";
}

test.each([
  ["ca_file: one.pem", "ca_file: two.pem"],
  ["ca_file: one.pem", "name_claim: sub"],
  ['private_hosts: ["10.0.0.1"]', "name_claim: sub"],
])(
  "machines of one issuer under two names that disagree on how it is reached are refused: %s, %s",
  (one, two) => {
    const text = ofOneIssuer(one, two).replace("JWKS", cursorKeys);
    expect(() => machinesIn(text)).toThrow(/something else of ca_file or private_hosts/);
  },
);

test("machines of one issuer under two names that disagree on its algorithms are refused", () => {
  const text = ofOneIssuer("algorithms: [ES256]", "algorithms: [RS256]").replace("JWKS", cursorKeys);
  expect(() => machinesIn(text)).toThrow(/other algorithms/);
});

test("a machine that disagrees with the people's entry of its issuer on how it is reached is refused", () => {
  const text = `
identity:
  issuers: [{ issuer: "https://id.example.com", agent_client: ours, console_client: c, web_client: w, private_hosts: ["10.0.0.1"] }]
  machines: [{ name: x, kind: custom, issuer: "https://id.example.com", audience: theirs, groups: [ci], allow: [{ claim: sub, equals: "1" }] MORE }]
`;
  expect(() => machinesIn(text.replace("MORE", ""))).toThrow(/something else of ca_file or private_hosts/);
  const [machine] = machinesIn(text.replace("MORE", ', private_hosts: ["10.0.0.1"]'));
  expect(machine?.isAmongPeople).toBe(true);
});

test("what is opened for one issuer is opened for no other", () => {
  const folder = mkdtempSync(join(tmpdir(), "machines-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "ca.pem");
  writeFileSync(file, "-----BEGIN CERTIFICATE-----\n");
  const configuration = configured(documented.replace("cluster-ca.pem", file));
  const machines = machineSettings(configuration);
  expect(fencesOf(configuration, machines, "https://cluster.example.com")).toEqual({
    allowLoopback: false,
    allowHosts: ["cluster.example.com"],
    authorities: "-----BEGIN CERTIFICATE-----\n",
  });
  for (const issuer of [
    "https://accounts.google.com",
    "https://people.example.com",
    "https://api.cursor.com",
  ])
    expect(fencesOf(configuration, machines, issuer)).toEqual({ allowLoopback: false });
});
