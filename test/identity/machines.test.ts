import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { parseConfiguration } from "#config";
import type { MachineKind } from "#identity";
import { type RunningServer, startServer } from "../../src/composition/server.ts";
import { machineAttacks } from "../fakes/machine-attacks.ts";
import { honestClaims, machineAudience, machineIssuers, machineKindNames } from "../fakes/machine-issuer.ts";
import { freePort } from "./gateway-with-providers.ts";
import { matrix } from "./matrix.ts";

// Machine identities as an operator writes them, at a running gateway; the issuers' keys come from files.

const row = matrix("Tokens of machines, traded at a running Gatehouse");

let folder = "";
let gateway: RunningServer;
let signing: Awaited<ReturnType<typeof generateKeyPair>>;

const conditions: Readonly<Record<MachineKind, string>> = {
  kubernetes: "[{ claim: [kubernetes.io, namespace], equals: agents }]",
  github_actions: '[{ claim: repository_id, equals: "74" }, { claim: ref, prefix: refs/heads/main }]',
  google: "[{ claim: email, equals: agent@project.iam.gserviceaccount.com }]",
  cursor: '[{ claim: team_id, equals: "7" }, { claim: repo_urls, prefix: github.com/octo }]',
  custom: "[{ claim: sub, one_of: [build-7, build-8] }]",
};

function machine(kind: MachineKind): string {
  return `
    - name: ${kind.replace("_", "-")}
      kind: ${kind}
      issuer: ${machineIssuers[kind]}
      audience: ${machineAudience}
      allow: ${conditions[kind]}
      groups: [ci]
      jwks_file: ${join(folder, "keys.json")}
      ${kind === "cursor" ? "email_domains: [example.com]" : ""}`;
}

async function startGateway(): Promise<RunningServer> {
  const text = `
data: ${join(folder, "data")}
control: { port: ${await freePort()} }
proxy: { port: 0 }
identity:
  issuers:
    - { issuer: "https://people.example.com", agent_client: a, console_client: c, web_client: w }
  roles: { agent-user: [ci], approver: [sre], auditor: [audit], policy-admin: [platform] }
  machines: ${machineKindNames.map(machine).join("")}
connections:
  - { name: none, identity: { kind: none }, endpoint: "http://127.0.0.1:9" }
policies: [${resolve(import.meta.dirname, "../../quick-start/policies")}]
`;
  return startServer(parseConfiguration("machines.yaml", text), { isQuiet: true });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-machines-"));
  signing = await generateKeyPair("ES256");
  const key = { ...(await exportJWK(signing.publicKey)), kid: "robot-key" };
  writeFileSync(join(folder, "keys.json"), JSON.stringify({ keys: [key] }));
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

function tokenOf(kind: MachineKind, claims: Record<string, unknown> = {}): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000);
  const times = { iat: nowS, nbf: nowS, exp: nowS + 300 };
  const base = { iss: machineIssuers[kind], aud: machineAudience, ...times };
  return new SignJWT({ ...base, ...honestClaims[kind], ...claims })
    .setProtectedHeader({ alg: "ES256", kid: "robot-key" })
    .sign(signing.privateKey);
}

const answerShape = z.object({ access_token: z.string().optional(), error: z.string().optional() });

async function exchange(token: string) {
  const answer = await fetch(`${gateway.controlUrl}/v1/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: token,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    }),
  });
  return answerShape.parse(await answer.json());
}

async function outcomeOf(token: string): Promise<string> {
  const { access_token: granted, error } = await exchange(token);
  return granted === undefined ? (error ?? "nothing") : "session opened";
}

test.each(machineKindNames)("an honest token of %s opens a session", async (kind) => {
  const observed = await outcomeOf(await tokenOf(kind));
  row({ what: `${kind}: honest token`, expected: "session opened", observed });
});

test.each(machineAttacks)("a machine's token %s is refused (%s)", async (what, kind, claims) => {
  const observed = await outcomeOf(await tokenOf(kind, claims));
  row({ what: `${kind}: ${what}`, expected: "invalid_request", observed });
});

test("what a traded token is can be asked, in the shape that Google's clients read", async () => {
  const { access_token: token = "" } = await exchange(await tokenOf("github_actions"));
  const answer = await fetch(`${gateway.controlUrl}/v1/introspect`, {
    method: "POST",
    body: new URLSearchParams({ token, token_type_hint: "urn:ietf:params:oauth:token-type:access_token" }),
  });
  const { host } = new URL(gateway.controlUrl);
  expect(await answer.json()).toMatchObject({
    active: true,
    username: expect.stringMatching(new RegExp(`^principal://${host}/subject/[\\w-]{43}$`)) as unknown,
    act: { sub: "github_actions octo/deploy/.github/workflows/deploy.yml@refs/heads/main 1234567890" },
  });
});
