import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadConfiguration, parseConfiguration } from "./load.ts";

const sound = `
identity:
  issuers:
    - { issuer: "http://127.0.0.1:8442", agent_client: a, console_client: c, web_client: w, development: true }
  roles: { agent-user: [engineering], approver: [sre], auditor: [audit], policy-admin: [platform] }
connections:
  - { name: practice, identity: { kind: none }, endpoint: "http://127.0.0.1:8443" }
policies: [policies]
`;

const refusal = (text: string): string => {
  try {
    parseConfiguration("gatehouse.yaml", text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "accepted";
};

test("a misspelt key is refused with file, line and key", () => {
  expect(refusal(sound.replace("endpoint:", "endpont:"))).toMatch(
    /^gatehouse\.yaml:7: connections\.0: .*endpont/,
  );
});

test("each unknown key is named with the line it stands on, not with that of what it is in", () => {
  expect(refusal(`${sound}metric: {}\nsinks: []\narchiv: {}\n`)).toBe(
    'gatehouse.yaml:9: Unrecognized key: "metric"\ngatehouse.yaml:11: Unrecognized key: "archiv"',
  );
  expect(refusal(sound.replace("approver:", "aprover:"))).toContain(
    'gatehouse.yaml:5: identity.roles: Unrecognized key: "aprover"',
  );
});

test("an endpoint with a path, a query or a password is refused, since calls would leave without them", () => {
  for (const more of ["/emulator", "/?project=one", "/#a"]) {
    const text = sound.replace("http://127.0.0.1:8443", `http://127.0.0.1:8443${more}`);
    expect(refusal(text), more).toMatch(/connections\.0\.endpoint.*must end after host and port/);
  }
  const named = sound.replace("http://127.0.0.1:8443", "http://name:word@127.0.0.1:8443");
  expect(refusal(named)).toMatch(/must end after host and port/);
});

test("a cleartext endpoint beyond loopback is refused", () => {
  expect(refusal(sound.replace("127.0.0.1:8443", "practice.example.com"))).toContain("must be https");
});

test("a cleartext issuer beyond loopback is refused", () => {
  expect(refusal(sound.replace("127.0.0.1:8442", "idp.example.com"))).toContain("must be https");
});

test("a listener beyond loopback is refused as long as there is no TLS", () => {
  expect(refusal(`${sound}proxy: { host: 0.0.0.0 }\n`)).toContain("proxy.host: only loopback");
});

test("a provider that signs people in without proof is refused beyond loopback", () => {
  expect(refusal(sound.replace("http://127.0.0.1:8442", "https://idp.example.com"))).toContain(
    "development: signs people in without proof",
  );
});

test("a stored sign-in cannot pass for a fresh one by sharing its client", () => {
  expect(refusal(sound.replace("console_client: c", "console_client: a"))).toContain("must differ");
});

const saml = (more = ""): string =>
  sound.replace(
    "\n  roles:",
    `\n  saml:\n    - { name: corp, issuer: "urn:corp", sign_in_url: "https://corp.example.com/sso", certificates: [corp.pem]${more} }\n  roles:`,
  );

test("a SAML provider beside the OpenID Connect one is read, its groups come from the attribute groups", () => {
  const { identity } = parseConfiguration("gatehouse.yaml", saml());
  expect(identity.saml).toMatchObject([{ name: "corp", issuer: "urn:corp", groups_attribute: "groups" }]);
});

test("a SAML provider is refused when it is addressed in cleartext, proves nothing or has a misspelt key", () => {
  expect(refusal(saml().replace("https://corp", "http://corp"))).toContain("sign_in_url: must be https");
  expect(refusal(saml().replace("[corp.pem]", "[]"))).toContain("identity.saml.0.certificates");
  expect(refusal(saml(", want_signed: false"))).toContain("want_signed");
});

test("SAML providers alone will do, and none at all will not", () => {
  const alone = saml().replace(/ {2}issuers:\n.*\n/, "");
  expect(parseConfiguration("gatehouse.yaml", alone).identity.issuers).toEqual([]);
  expect(refusal(alone.replace(/ {2}saml:\n.*\n/, ""))).toContain("at least one identity provider");
});

test("identity providers have names of their own, and each names itself otherwise than the others", () => {
  const second =
    '\n    - { name: two, issuer: "https://two.example.com", agent_client: a, console_client: c, web_client: w }';
  const both = sound.replace("development: true }", `development: true }${second}`);
  expect(refusal(both)).toContain("where there are several, each needs a name");
  const named = both.replace('{ issuer: "http://127', '{ name: one, issuer: "http://127');
  expect(refusal(named)).toBe("accepted");
  expect(refusal(named.replace("name: two", "name: one"))).toContain("must differ");
  expect(refusal(named.replace("https://two.example.com", "http://127.0.0.1:8442"))).toContain(
    "two identity providers",
  );
  expect(refusal(saml().replace("name: corp", "name: oidc"))).toContain("must differ");
});

test("broken YAML names the line", () => {
  expect(refusal("identity: [")).toMatch(/^gatehouse\.yaml:1: /);
});

test("YAML aliases are refused, so that a small file cannot grow", () => {
  expect(refusal(`x: &x [a]\ny: *x\n`)).not.toBe("accepted");
});

test("two connections of one name are refused", () => {
  const twice = sound.replace(/(\n {2}- \{ name: practice.*)/, "$1$1");
  expect(refusal(twice)).toContain("connections: names must differ");
});

test("what is left out gets loopback listeners and a data folder", () => {
  const { control, proxy, data } = parseConfiguration("gatehouse.yaml", sound);
  expect([control, proxy, data]).toEqual([
    { host: "127.0.0.1", port: 8440 },
    { host: "127.0.0.1", port: 8441 },
    "data",
  ]);
});

const onPostgres = (members: string): string => `${sound}\ndatabase: { kind: postgres, ${members} }\n`;

test("what is left out of a PostgreSQL database is its usual port and names; without any of it there is a file", () => {
  expect(parseConfiguration("gatehouse.yaml", sound).database).toEqual({ kind: "sqlite" });
  expect(parseConfiguration("gatehouse.yaml", onPostgres("host: db.example.com")).database).toEqual({
    kind: "postgres",
    host: "db.example.com",
    port: 5432,
    name: "gatehouse",
    user: "gatehouse",
  });
});

test("a password in the configuration itself, a URL that could hold one, or a switch against TLS is refused", () => {
  for (const members of [
    "host: db, password: hunter2",
    "url: postgres://gatehouse:hunter2@db/gatehouse",
    "host: db, ssl: false",
    "host: db, migrate_as: { user: owner, password: hunter2 }",
  ]) {
    expect(refusal(onPostgres(members)), members).toContain("database");
  }
});

test("files of a PostgreSQL database are found beside the configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "gatehouse.yaml");
  writeFileSync(
    file,
    onPostgres(
      "host: db, ca: ca.pem, password: { file: pg.password }, migrate_as: { user: o, password: { file: /own } }",
    ),
  );
  expect(loadConfiguration(file).database).toMatchObject({
    ca: join(folder, "ca.pem"),
    password: { file: join(folder, "pg.password") },
    migrate_as: { user: "o", password: { file: "/own" } },
  });
});

test("the example in the documentation is a sound configuration", () => {
  const example = new URL("../../docs/examples/gatehouse.yaml", import.meta.url);
  const configuration = parseConfiguration("gatehouse.yaml", readFileSync(example, "utf8"));
  expect(configuration.connections.map(({ name }) => name)).toEqual(["prod"]);
});

test("a witness or an archive in clear text beyond loopback is refused, and so is one without its key", () => {
  const witness = (url: string, key: string): string =>
    refusal(`${sound}witnesses:\n  - { url: "${url}", verifier: "${key}" }\n`);
  const key = "w.example+0badcafe+AAAA";
  expect(witness("https://w.example", key)).toBe("accepted");
  expect(witness("http://w.example", key)).toContain("must be https");
  expect(witness("https://w.example", "w.example")).toContain("must be a verifier key");
  const s3 = (endpoint: string): string =>
    refusal(
      `${sound}archive: { kind: s3, bucket: audit, endpoint: "${endpoint}", region: eu-west-1, access_key_id: { env: A }, secret_access_key: { env: B } }\n`,
    );
  expect(s3("https://s3.example.com")).toBe("accepted");
  expect(s3("http://s3.example.com")).toContain("must be https");
});

test.each([
  ["no identity", "{ kind: gcs, bucket: audit }"],
  [
    "two identities",
    "{ kind: gcs, bucket: audit, identity: { kind: application_default }, access_token: { env: T } }",
  ],
  ["a secret in the file", "{ kind: gcs, bucket: audit, access_token: ya29 }"],
  ["a prefix that climbs", "{ kind: gcs, bucket: audit, prefix: ../, access_token: { env: T } }"],
  ["a prefix without its slash", "{ kind: gcs, bucket: audit, prefix: log, access_token: { env: T } }"],
])("an archive with %s is refused", (_, archive) => {
  expect(refusal(`${sound}archive: ${archive}\n`)).toMatch(/gatehouse\.yaml:\d+: archive/);
});
