import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { tokenAnswer } from "#api";
import { loadConfiguration } from "#config";
import { type PracticeCloud, startPracticeCloud } from "#practice/cloud";
import { type IdentityProvider, startIdentityProvider } from "#practice/identity-provider";
import { type RunningServer, startServer } from "../../src/composition/server.ts";
import { freePort } from "../identity/gateway-with-providers.ts";
import { entries } from "./log-entries.ts";
import { type AgentOf, agentOf, agentWith } from "./test-agent.ts";

const root = resolve(import.meta.dirname, "../..");
const projects = "https://cloudresourcemanager.googleapis.com/v1/projects";

let folder: string;
let file: string;
let cloud: PracticeCloud;
let provider: IdentityProvider;
let server: RunningServer;
let control: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-reload-"));
  file = join(folder, "gatehouse.yaml");
  cloud = await startPracticeCloud({ operationMs: 0 });
  provider = await startIdentityProvider({ webRedirectUris: [] });
  writeFileSync(join(folder, "key.json"), JSON.stringify(await cloud.issueKey()), { mode: 0o600 });
  control = await freePort();
  write({});
  server = await startServer(loadConfiguration(file), { isQuiet: true, file });
});
afterAll(async () => {
  await server.close();
  await Promise.all([cloud.close(), provider.close()]);
  rmSync(folder, { recursive: true, force: true });
});

/** JSON is YAML. */
function write(changes: object): void {
  const clients = {
    agent_client: "gatehouse-agent",
    console_client: "gatehouse-console",
    web_client: "gatehouse-web",
  };
  const sound = {
    data: "data",
    control: { port: control },
    proxy: { port: 0 },
    identity: {
      issuers: [{ issuer: provider.issuer, ...clients, development: true }],
      roles: { "agent-user": ["engineering"], approver: ["sre"], auditor: ["audit"], "policy-admin": [] },
    },
    connections: [connection("practice")],
    policies: [join(root, "quick-start/policies")],
  };
  writeFileSync(file, JSON.stringify({ ...sound, ...changes }));
}

function connection(name: string, more = {}): object {
  const identity = { kind: "key_file", path: "key.json" };
  return { name, identity, endpoint: cloud.url, ...more };
}

/** Writes the file, and waits until the log says what came of it. */
async function change(changes: object, kind = "config.change"): Promise<void> {
  const count = async (): Promise<number> =>
    (await entries(join(folder, "data"))).filter((entry) => entry.kind === kind).length;
  const before = await count();
  write(changes);
  await vi.waitFor(async () => expect(await count()).toBe(before + 1), 15_000);
}

const identityWith = (changes: object, trust = {}) => ({
  identity: {
    issuers: [
      {
        issuer: provider.issuer,
        agent_client: "gatehouse-agent",
        console_client: "gatehouse-console",
        web_client: "gatehouse-web",
        development: true,
        ...trust,
      },
    ],
    roles: {
      "agent-user": ["engineering"],
      approver: ["sre"],
      auditor: ["audit"],
      "policy-admin": [],
      ...changes,
    },
  },
});

async function agent(): Promise<AgentOf> {
  const opened = await agentOf(server.controlUrl, "developer@example.com");
  onTestFinished(() => opened.close());
  return opened;
}

async function outcome(call: ReturnType<AgentOf["call"]>): Promise<string> {
  const { status, text } = await call;
  return status === 200 ? "200" : `${status} ${/"reason": ?"([A-Z_]+)"/.exec(text)?.[1] ?? text}`;
}

test("the configuration a server starts with is on record, by digest", async () => {
  const kinds = (await entries(join(folder, "data"))).map(({ kind }) => kind);
  expect(kinds).toContain("config.change");
});

test("a role that is taken from a group is taken at once, in sessions that run", async () => {
  const running = await agent();
  expect(await outcome(running.call("GET", projects))).toBe("200");
  await change(identityWith({ "agent-user": ["nobody"] }));
  expect(await outcome(running.call("GET", projects))).toBe("403 ROLE_MISSING");
  await change({});
  expect(await outcome(running.call("GET", projects))).toBe("200");
});

test("a file with a mistake is refused whole, on record, and the old configuration stays in force", async () => {
  const running = await agent();
  await change({ ...identityWith({ "agent-user": ["nobody"] }), polices: [] }, "config.refused");
  expect(await outcome(running.call("GET", projects))).toBe("200");
  await change(
    { connections: [connection("practice", { identity: { kind: "key_file", path: "missing.json" } })] },
    "config.refused",
  );
  expect(await outcome(running.call("GET", projects))).toBe("200");
  write({});
});

test("a connection comes and goes: calls use what is configured now", async () => {
  const running = await agent();
  const fenced = connection("practice", { projects: ["other-project"] });
  await change({ connections: [fenced] });
  const instances =
    "https://compute.googleapis.com/compute/v1/projects/practice-project/aggregated/instances";
  expect(await outcome(running.call("GET", instances))).toBe("403 OUTSIDE_CONNECTION");
  await change({ connections: [fenced, connection("second")] });
  expect(await outcome(running.call("GET", instances))).not.toMatch(/CONNECTION/);
  await change({ connections: [connection("third", { groups: ["nobody"] })] });
  expect(await outcome(running.call("GET", instances))).toBe("403 NO_CONNECTION");
  await change({});
  expect(await outcome(running.call("GET", projects))).toBe("200");
});

test("a connection that becomes another one under its name takes the approvals that wait for it along, on record", async () => {
  const running = await agent();
  const instance = "https://compute.googleapis.com/compute/v1/projects/practice-project/zones/z/instances/x";
  const gcloud = { "user-agent": "gcloud/1" };
  const waiting = outcome(running.call("DELETE", instance, undefined, gcloud));
  const ends = async () =>
    (await entries(join(folder, "data"))).filter(({ kind }) => kind.startsWith("approval."));
  await vi.waitFor(async () => expect(await ends()).toMatchObject([{ kind: "approval.requested" }]), 5_000);
  await change({ connections: [connection("practice", { quota_project: "practice-project" })] });
  expect(await waiting).toBe("403 APPROVAL_EXPIRED");
  expect((await ends()).at(-1)).toMatchObject({ kind: "approval.expired", decision: "cancelled" });
  await change({});
});

test("other policies, and what is protected, count from then on", async () => {
  const running = await agent();
  const strict = join(folder, "strict");
  mkdirSync(strict);
  const rules = [{ name: "none", effect: "deny", operations: ["**"] }];
  const policy = { name: "strict", principals: { any: true }, mode: "enforce", rules };
  writeFileSync(join(strict, "strict.yaml"), JSON.stringify({ policies: [policy] }));
  await change({ policies: ["strict"] });
  expect(await outcome(running.call("GET", projects))).toBe("403 POLICY_DENIED");
  await change({});
  const bucket = "https://storage.googleapis.com/storage/v1/b/practice-assets/o?uploadType=media&name=x";
  const upload = bucket.replace("/storage/v1", "/upload/storage/v1");
  const before = await outcome(running.call("POST", upload, "x"));
  await change({ protected: ["b/practice-assets"] });
  expect(before).not.toBe("403 POLICY_DENIED");
  await vi.waitFor(async () =>
    expect(await outcome(running.call("POST", upload, "x"))).toBe("403 POLICY_DENIED"),
  );
  await change({});
});

test("what needs a restart is said and does not take effect", async () => {
  await change({ proxy: { port: 1 } });
  expect(await outcome((await agent()).call("GET", projects))).toBe("200");
});

test("a machine identity comes and goes without a restart: its token opens calls, and once it is gone what runs is cut", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "ci", alg: "ES256", use: "sig" };
  writeFileSync(join(folder, "ci-keys.json"), JSON.stringify({ keys: [jwk] }));
  const issuer = "https://ci.example.com";
  const token = (id: string): Promise<string> =>
    new SignJWT({ iss: issuer, sub: "main", aud: "gatehouse-ci", jti: id })
      .setProtectedHeader({ alg: "ES256", kid: "ci" })
      .setIssuedAt()
      .setExpirationTime("5m")
      .sign(privateKey);
  const exchanged = async (id: string) =>
    fetch(`${server.controlUrl}/v1/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: await token(id),
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        agent: "ci",
      }),
    });
  expect((await exchanged("before")).status).toBe(400);
  const sound = identityWith({});
  const machine = { name: "ci", kind: "custom", issuer, audience: "gatehouse-ci", jwks_file: "ci-keys.json" };
  const allow = [{ claim: "sub", equals: "main" }];
  const withMachine = { ...sound.identity, machines: [{ ...machine, allow, groups: ["engineering"] }] };
  await change({ identity: withMachine });
  // On record first, in force in the turn after: somebody who asks in between is told that it is not.
  const answer = await vi.waitFor(async () => tokenAnswer.parse(await (await exchanged("first")).json()));
  const running = await agentWith(server.controlUrl, answer.access_token);
  onTestFinished(() => running.close());
  expect(await outcome(running.call("GET", projects))).toBe("200");
  const own = await agent();
  await change({});
  await vi.waitFor(async () => expect((await exchanged("after")).status).toBe(400));
  await vi.waitFor(
    async () => expect(await outcome(running.call("GET", projects).catch(() => closed))).not.toBe("200"),
    5_000,
  );
  expect(await outcome(own.call("GET", projects))).toBe("200");
  const ended = (await entries(join(folder, "data"))).filter(({ kind }) => kind === "session.stopped");
  expect(ended.length).toBeGreaterThan(0);
});

test("when a provider is believed less, those whom it let in have to come in anew", async () => {
  const running = await agent();
  await change(identityWith({}, { groups: ["audit"] }));
  await vi.waitFor(
    async () => expect(await outcome(running.call("GET", projects).catch(() => closed))).not.toBe("200"),
    5_000,
  );
  await change({});
});

const closed = { status: 0, headers: {}, text: "the tunnel was closed" };
