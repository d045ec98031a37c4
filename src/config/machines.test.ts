import { expect, test } from "vitest";
import { parseConfiguration } from "./load.ts";

const base = (identity: string): string => `
identity:
  issuers:
    - { name: corp, issuer: "https://login.example.com", agent_client: a, console_client: c, web_client: w }
  roles: { agent-user: [ci, engineering], approver: [sre], auditor: [audit], policy-admin: [platform] }
${identity}
connections:
  - { name: prod, identity: { kind: application_default } }
policies: [policies]
`;

const machine = (changes = ""): string => `  machines:
    - name: ci
      kind: custom
      issuer: "https://build.example.com"
      audience: "https://gatehouse.example.com"
      allow: [{ claim: sub, equals: "build" }]
${changes.includes("groups:") ? "" : "      groups: [ci]\n"}${changes}`;

const parse = (identity: string) => parseConfiguration("gatehouse.yaml", base(identity));

const refusal = (identity: string): string => {
  try {
    parse(identity);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "accepted";
};

test.each(["approver", "auditor", "policy-admin"])(
  "a machine in a group with the role %s is refused",
  (role) => {
    const group = { approver: "sre", auditor: "audit", "policy-admin": "platform" }[role];
    expect(refusal(machine(`      groups: [ci, ${group}]`))).toMatch(
      new RegExp(`machines\\.0\\.groups: ${group} holds the role ${role}, which no machine may have`),
    );
  },
);

test("a machine whose groups let it do nothing is refused rather than refusing it later", () => {
  expect(refusal(machine("      groups: [visitors]"))).toContain("none of them holds the role agent-user");
});

test.each([
  ["no condition at all", "allow: []"],
  ["a condition that says nothing", "allow: [{ claim: sub }]"],
  ["a condition that says two things", "allow: [{ claim: sub, equals: a, prefix: b }]"],
  ["a number, which would never equal a text", "allow: [{ claim: sub, equals: 74 }]"],
  ["a condition on no claim", "allow: [{ claim: [], equals: a }]"],
  ["a misspelt condition", "allow: [{ claim: sub, equals: a, prefx: b }]"],
])("a machine with %s is refused", (_name, allow) => {
  expect(refusal(machine().replace(/allow: .*/, allow))).toMatch(/machines\.0\.allow/);
});

test("a number in a condition is said to need quotes", () => {
  expect(refusal(machine().replace('equals: "build"', "equals: 74"))).toContain("write numbers in quotes");
});

test("a cluster without its issuer is refused, as every cluster has another", () => {
  const text = machine()
    .replace("kind: custom", "kind: kubernetes")
    .replace(/ +issuer: .*\n/, "");
  expect(refusal(text)).toContain("machines.0.issuer: must be given");
});

test("an issuer or keys in clear are refused", () => {
  expect(refusal(machine().replace("https://build", "http://build"))).toContain("must be https");
  expect(refusal(machine('      jwks_uri: "http://build.example.com/keys"'))).toContain("must be https");
});

test("two clusters that call themselves alike are refused, as one's keys would sign for the other", () => {
  const twin = machine()
    .replace("  machines:\n", "")
    .replace("name: ci", "name: twin")
    .concat("      jwks_file: other.json\n");
  expect(refusal(machine() + twin)).toContain("machines of one issuer share its keys");
});

test("an audience that people's tokens of the same issuer have is refused", () => {
  const text = machine().replace("https://build.example.com", "https://login.example.com");
  expect(refusal(text)).toBe("accepted");
  expect(refusal(text.replace("https://gatehouse.example.com", "a"))).toContain("an audience must not be");
});

test("a machine with another's name, or a connection that does not exist, is refused", () => {
  expect(refusal(machine().replace("name: ci", "name: corp"))).toContain("must differ");
  expect(refusal(machine("      connections: [lab]"))).toContain(
    "identity.machines.0.connections: there is no connection lab",
  );
});

test("names of nested claims and files are read as written, files relative to the configuration", () => {
  const text = machine("      jwks_file: keys.json\n      subject_claim: [build, id]");
  const [read] = parse(text.replace("claim: sub", "claim: [kubernetes.io, namespace]")).identity.machines;
  expect(read?.allow[0]?.claim).toEqual(["kubernetes.io", "namespace"]);
  expect(read?.subject_claim).toEqual(["build", "id"]);
});

const asked = (more: string): string =>
  base("").replace(
    "web_client: w }",
    `web_client: w, introspection: { endpoint: "https://login.example.com/ask", client_id: asks, ${more} } }`,
  );
const refusalOf = (text: string): string => {
  try {
    parseConfiguration("gatehouse.yaml", text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "accepted";
};

test("the secret of introspection is a reference, never a value", () => {
  expect(refusalOf(asked("client_secret: { env: ASKS }"))).toBe("accepted");
  expect(refusalOf(asked("client_secret: hunter2"))).toContain("client_secret");
});

test("introspection that is used for nothing, or asks as a client without a secret, is refused", () => {
  expect(refusalOf(asked("client_secret: { env: ASKS }, opaque_tokens: false"))).toContain(
    "used for nothing",
  );
  expect(
    refusalOf(asked("client_secret: { env: ASKS }").replace("client_id: asks", "client_id: a")),
  ).toContain("must differ from the clients");
});

test("opaque tokens are shown to one issuer only, so a second that takes them is refused", () => {
  const second = `    - { name: other, issuer: "https://other.example.com", agent_client: a, console_client: c, web_client: w,
        introspection: { endpoint: "https://other.example.com/ask", client_id: asks, client_secret: { env: ASKS } } }
  roles:`;
  expect(refusalOf(asked("client_secret: { env: ASKS }").replace("  roles:", second))).toContain(
    "opaque tokens name no issuer",
  );
});
