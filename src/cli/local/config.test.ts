import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { signingKey } from "../../../test/fakes/saml-provider.ts";
import { fakeTerminal } from "../../../test/fakes/terminal.ts";
import { runCommandLine } from "../program.ts";
import { addConfigCommand } from "./config.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "config-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

const sound = `
identity:
  issuers:
    - { issuer: "https://login.example.com", agent_client: a, console_client: c, web_client: w }
  saml:
    - { name: corp, issuer: "urn:corp", sign_in_url: "https://corp.example.com/sso", certificates: [corp.pem] }
  roles: { agent-user: [engineering], approver: [sre], auditor: [audit], policy-admin: [platform] }
connections:
  - { name: prod, identity: { kind: key_file, path: key.json } }
  - { name: lab, identity: { kind: none }, endpoint: "http://127.0.0.1:8443" }
policies: [policies]
masking: [masking.yaml]
sinks:
  - { kind: syslog, name: siem, host: siem.example.com, ca: siem-ca.pem }
`;

async function config(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  const terminal = fakeTerminal();
  const status = await runCommandLine(
    ["config", ...words],
    { version: "0.1.0", localCommands: [addConfigCommand] },
    terminal,
  );
  terminal.remove();
  return { status, out: terminal.stdout.join("\n"), err: terminal.stderr.join("\n") };
}

function write(name: string, text: string, mode = 0o600): string {
  writeFileSync(join(folder, name), text, { mode });
  return join(folder, name);
}

test("every file that a start would trip over is named, all of them at once", async () => {
  const file = write("gatehouse.yaml", sound);
  write("corp.pem", "not a certificate");
  mkdirSync(join(folder, "policies"));
  write("policies/one.yaml", "policies:\n  - name: one\n    rulez: []\n");
  write("masking.yaml", "masking: 7\n");
  const { status, err } = await config("check", file);
  expect(status).toBe(1);
  for (const name of ["corp.pem cannot prove", "key.json", "one.yaml:", "masking.yaml:", "siem-ca.pem"])
    expect(err).toContain(name);
});

test("a configuration without faults is said to be sound, and nothing is started or asked", async () => {
  const text = sound.replace("{ kind: key_file, path: key.json }", "{ kind: application_default }");
  const file = write("gatehouse.yaml", text);
  write("corp.pem", (await signingKey()).certificate);
  write("siem-ca.pem", (await signingKey()).certificate);
  mkdirSync(join(folder, "policies"));
  write(
    "policies/one.yaml",
    'policies:\n  - name: one\n    principals: { groups: [engineering] }\n    rules:\n      - { name: r, effect: allow, when: "true" }\n',
  );
  write("masking.yaml", "masking:\n  names: [hush]\n");
  const { status, out, err } = await config("check", file, "--json");
  expect([status, err]).toEqual([0, ""]);
  expect(JSON.parse(out)).toEqual({
    file,
    ok: true,
    connections: ["prod", "lab"],
    providers: ["https://login.example.com", "urn:corp"],
    warnings: [],
  });
});

test("a sound configuration whose denial a project's number avoids is checked with a warning that says where", async () => {
  const isOfFiles = /saml|corp|key_file|masking|sinks|syslog/;
  const lines = sound.split("\n").filter((line) => !isOfFiles.test(line));
  const file = write("gatehouse.yaml", lines.join("\n"));
  mkdirSync(join(folder, "policies"));
  const rule = `{ name: r, effect: deny, when: 'resource.project == "prod-1"' }`;
  write(
    "policies/one.yaml",
    `policies:\n  - name: one\n    principals: { any: true }\n    rules:\n      - ${rule}\n`,
  );
  const { status, out, err } = await config("check", file);
  expect([status, err]).toEqual([0, ""]);
  expect(out).toMatch(/one\.yaml:5: one\/r: warning: It names a project by its id alone/);
  expect(out).toContain("is sound");
});

test("an unknown key is refused by check and show alike, with its line", async () => {
  const file = write("gatehouse.yaml", `${sound}protekted: []\n`);
  for (const act of ["check", "show"]) {
    const { status, err } = await config(act, file);
    expect([status, err]).toEqual([1, expect.stringContaining("protekted")]);
  }
});

test("a name and password in an address are refused, so that the file can be shown", async () => {
  const file = write("gatehouse.yaml", sound.replace("https://login", "https://name:hunter2@login"));
  const { status, out, err } = await config("show", file);
  expect([status, out, err.includes("hunter2")]).toEqual([1, "", false]);
});

test("show prints what is in force: defaults filled in, paths absolute", async () => {
  const { out } = await config("show", write("gatehouse.yaml", sound));
  expect(out).toContain(`- ${join(folder, "corp.pem")}`);
  expect(out).toContain("port: 8441");
});

test("of the web client's secret check and show know the place, and a file that holds it itself is refused", async () => {
  const canary = "C4NARY-of-the-web-client";
  const withSecret = (reference: string): string =>
    write("gatehouse.yaml", sound.replace("web_client: w", `web_client: w, web_client_secret: ${reference}`));
  write("web.txt", `${canary}\n`);
  const referred = await config("show", withSecret("{ file: web.txt }"));
  expect(referred.out).toContain(`file: ${join(folder, "web.txt")}`);
  const checked = await config("check", withSecret("{ file: web.txt }"));
  const written = await config("check", withSecret(canary));
  expect([written.status, written.err]).toEqual([1, expect.stringContaining("web_client_secret")]);
  for (const { out, err } of [referred, checked, written]) expect(out + err).not.toContain(canary);
});

test("schema prints JSON Schema", async () => {
  expect(JSON.parse((await config("schema")).out)).toMatchObject({ title: "gatehouse.yaml", type: "object" });
});

const machines = `
  machines:
    - { name: ci, kind: github_actions, audience: "https://gatehouse.example.com", groups: [engineering],
        allow: [{ claim: repository, equals: octo/deploy }] }
    - { name: pods, kind: kubernetes, issuer: "https://cluster.example.com", audience: gatehouse, groups: [engineering],
        allow: [{ claim: [kubernetes.io, namespace], equals: agents }], jwks_file: keys.json, ca_file: ca.pem }
`;

test("a machine identity that lets strangers in is refused by check, which says what fence is missing", async () => {
  const file = write(
    "gatehouse.yaml",
    sound.replace("  roles:", `${machines.trim().replace(/^/, "  ")}\n  roles:`),
  );
  expect((await config("check", file)).err).toContain(
    "The machine identity ci lets in strangers of the same issuer: one of these claims must be among the conditions: repository_id",
  );
});

test("keys, authorities and secrets of issuers that are not there are named by check", async () => {
  const safe = machines.replace("claim: repository,", "claim: repository_id,").trim().replace(/^/, "  ");
  const asks =
    'web_client: w, introspection: { endpoint: "https://login.example.com/ask", client_id: q, client_secret: { file: ask.txt } } }';
  const text = sound.replace("  roles:", `${safe}\n  roles:`);
  const errorOf = async (yaml: string): Promise<string> =>
    (await config("check", write("gatehouse.yaml", yaml))).err;
  expect(await errorOf(text)).toContain("keys.json does not exist");
  write("keys.json", "{");
  expect(await errorOf(text)).toContain("keys.json is not JSON");
  write("keys.json", '{ "keys": [] }');
  expect(await errorOf(text)).toContain("ca.pem does not exist");
  write("ca.pem", "no certificate");
  expect(await errorOf(text)).toContain("ca.pem holds no certificate");
  expect(await errorOf(text.replace("web_client: w }", asks))).toContain("ask.txt cannot be read");
  const secret = "web_client: w, web_client_secret: { file: web.txt } }";
  expect(await errorOf(text.replace("web_client: w }", secret))).toContain("web.txt cannot be read");
});

test("a number out of range is said in plain words, with what it may be", async () => {
  const file = write("gatehouse.yaml", `${sound}metrics: { port: 70000 }\n`);
  expect((await config("check", file)).err).toMatch(/gatehouse\.yaml:\d+: .*port: must be at most 65535/);
});
