import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { verifyLog } from "#audit";
import { openDatabaseForReading } from "../../src/storage/sqlite/index.ts";
import { auditStore } from "../../src/storage/stores/index.ts";
import { entries } from "../scenarios/log-entries.ts";
import { type AgentOf, agentOf } from "../scenarios/test-agent.ts";
import { crashRounds } from "./kills.ts";
import { prepareServer, type ServerChild } from "./server-child.ts";

let server: ServerChild;
beforeAll(async () => {
  server = await prepareServer();
}, 60_000);
afterAll(() => server.close());

const projects = "https://cloudresourcemanager.googleapis.com/v1/projects";
const instance =
  "https://compute.googleapis.com/compute/v1/projects/practice-project/zones/us-central1-a/instances/web-1";
const rounds = crashRounds(3);

async function up() {
  const started = await server.start();
  if (started.kind === "ended") throw new Error(`the server did not start: ${started.said}`);
  return started.process;
}

const developer = (): Promise<AgentOf> => agentOf(server.controlUrl, "developer@example.com");

async function verified(): Promise<void> {
  const database = await openDatabaseForReading(join(server.data, "gatehouse.db"));
  const verifierKey = readFileSync(join(server.data, "log.vkey"), "utf8").trim();
  const verification = await verifyLog(auditStore(database), { verifierKey });
  await database.close();
  expect(verification).toMatchObject({ kind: "verified" });
}

test("a broken policy file refuses the start and names file, line and rule", async () => {
  const file = join(server.policies, "default.yaml");
  const sound = readFileSync(file, "utf8");
  writeFileSync(file, sound.replace('operation.class == "read"', 'operation.klass == "read"'));
  const started = await server.start();
  writeFileSync(file, sound);
  expect(started).toMatchObject({ kind: "ended", status: 1 });
  expect(started.kind === "ended" ? started.said : "").toMatch(/default\.yaml:\d+:\d+: agents\/reads: /);
});

test(`kill -9 of the server under load, ${rounds} times: every call that arrived has its intent, and the log verifies`, {
  timeout: rounds * 60_000,
}, async () => {
  for (let round = 0; round < rounds; round += 1) {
    const process = await up();
    const agent = await developer();
    const before = server.cloud.count({ path: "/v1/projects" });
    const calls = Array.from({ length: 40 }, () => agent.call("GET", projects).catch(() => undefined));
    await vi.waitFor(
      () => expect(server.cloud.count({ path: "/v1/projects" })).toBeGreaterThan(before + round * 5),
      10_000,
    );
    process.kill("SIGKILL");
    await once(process, "exit");
    await Promise.all(calls);
    await agent.close();
    const intents = (await entries(server.data)).filter(
      ({ kind, operation }) =>
        kind === "exchange.intent" && operation === "cloudresourcemanager.projects.list",
    );
    expect(intents.length).toBeGreaterThanOrEqual(server.cloud.count({ path: "/v1/projects" }));
    await verified();
  }
});

test("a stop by signal drains: the held call is recorded as ended, nothing is executed, and the log verifies", async () => {
  const process = await up();
  const agent = await developer();
  const held = agent.call("DELETE", instance).catch(() => undefined);
  await vi.waitFor(
    async () =>
      expect((await entries(server.data)).some(({ kind }) => kind === "approval.requested")).toBe(true),
    10_000,
  );
  process.kill("SIGTERM");
  await once(process, "exit");
  const answer = await held;
  expect(answer?.text).toMatch(/APPROVAL_PENDING/);
  await agent.close();
  expect(process.exitCode).toBe(0);
  expect(server.cloud.count({ method: "DELETE" })).toBe(0);
  const kinds = (await entries(server.data)).map(({ kind }) => kind);
  expect(kinds.at(-1)).toBe("server.stop");
  expect(kinds).toContain("exchange.refused");
  await verified();
});
