import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { PRACTICE_SECRET_VALUE } from "#practice/cloud";
import { entries } from "./log-entries.ts";
import type { AgentOf } from "./test-agent.ts";
import { startWorld, type World } from "./world.ts";

// Bad input gets a clear error and costs nothing: each test counts what arrived at the upstream before and after.
let world: World;
let agent: AgentOf;
beforeAll(async () => {
  world = await startWorld();
  agent = await world.agent();
}, 60_000);
afterAll(async () => {
  await agent.close();
  await world.close();
});

const projects = "https://cloudresourcemanager.googleapis.com/v1/projects";
const secret =
  "https://secretmanager.googleapis.com/v1/projects/practice-project/secrets/db-password/versions/latest:access";
const arrived = (): number => world.quickStart.cloud.count({ path: /^(?!\/token$)/ });

async function refusedWithoutArriving(act: () => Promise<{ status: number; text: string }>) {
  const before = arrived();
  const reply = await act();
  expect(arrived()).toBe(before);
  return reply;
}

test("an unknown method is refused, and the message says what to do", async () => {
  const reply = await refusedWithoutArriving(() =>
    agent.call("POST", "https://secretmanager.googleapis.com/v1/projects/p/secrets/s:fry"),
  );
  expect(reply.status).toBe(403);
  expect(reply.text).toMatch(/NOT EXECUTED/);
});

test("an unknown Google host is refused", async () => {
  const reply = await refusedWithoutArriving(() =>
    agent.call("GET", "https://evil-secretmanager.googleapis.com/v1/projects"),
  );
  expect(reply.status).toBeGreaterThanOrEqual(400);
});

test("a host that is not Google's is refused at CONNECT", async () => {
  await expect(agent.call("GET", "https://example.com/")).rejects.toThrow(/403/);
});

test("a token signed by somebody else is refused", async () => {
  const [head, claims] = agent.token.split(".");
  const forged = `${head}.${claims}.${Buffer.alloc(64, 7).toString("base64url")}`;
  const reply = await refusedWithoutArriving(() =>
    agent.call("GET", projects, undefined, { authorization: `Bearer ${forged}` }),
  );
  expect(reply.status).toBe(401);
});

test("a Google access token from the agent is refused and said to be one", async () => {
  const reply = await refusedWithoutArriving(() =>
    agent.call("GET", projects, undefined, { authorization: "Bearer ya29.a0AfB_someone" }),
  );
  expect(reply.status).toBe(403);
  expect(reply.text).toMatch(/Google credential/i);
});

test("the bearer of one session inside the tunnel of another is refused", async () => {
  const other = await world.agent("developer@example.com");
  const reply = await refusedWithoutArriving(() =>
    agent.call("GET", projects, undefined, { authorization: `Bearer ${other.token}` }),
  );
  expect(reply.status).toBeGreaterThanOrEqual(401);
  await other.close();
});

test("somebody without the role agent-user gets no gateway token", async () => {
  const answer = await fetch(`${world.quickStart.server.controlUrl}/v1/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: await world.identityToken("outsider@example.com"),
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    }),
  });
  expect(answer.status).toBe(403);
  expect(await answer.text()).toContain("access_denied");
});

test("a malformed CONNECT is answered 400 and closed", async () => {
  const { port } = new URL(world.quickStart.server.proxyUrl);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write("CONNECT :// HTTP/1.1\r\nHost: x\r\n\r\n");
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(Buffer.from(chunk as Uint8Array));
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 4\d\d /);
});

test("a project to bill that the connection does not name is refused in the query", async () => {
  const url = "https://storage.googleapis.com/storage/v1/b/practice-bucket?userProject=somebody-elses";
  const reply = await refusedWithoutArriving(() => agent.call("GET", url));
  expect(reply.status).toBe(400);
});

test("a JSON body above the limit is refused", async () => {
  const body = `{"labels":{"x":"${"a".repeat(33 * 1024 * 1024)}"}}`;
  const reply = await refusedWithoutArriving(() =>
    agent.call(
      "POST",
      "https://secretmanager.googleapis.com/v1/projects/practice-project/secrets?secretId=big",
      body,
      { "content-type": "application/json" },
    ),
  );
  expect(reply.status).toBe(413);
});

test("a stopped session is refused from the next request on", async () => {
  const doomed = await world.agent();
  expect((await doomed.call("GET", projects)).status).toBe(200);
  const operator = await world.identityToken("operator@example.com", "gatehouse-console");
  expect((await world.control("POST", `/api/v1/sessions/${doomed.sessionId}/stop`, operator)).status).toBe(
    200,
  );
  const before = arrived();
  await expect(doomed.call("GET", projects).then(({ status }) => status))
    .resolves.not.toBe(200)
    .catch(() => undefined);
  expect(arrived()).toBe(before);
  await doomed.close();
});

test("a secret comes back masked, and its value is nowhere in the data folder", async () => {
  const reply = await agent.call("GET", secret);
  expect(reply.status).toBe(200);
  const encoded = Buffer.from(PRACTICE_SECRET_VALUE).toString("base64");
  for (const form of [PRACTICE_SECRET_VALUE, encoded]) {
    expect(reply.text).not.toContain(form);
    for (const file of ["gatehouse.db", "gatehouse.db-wal"]) {
      expect(readFileSync(join(world.data, file)).includes(form)).toBe(false);
    }
  }
});

test("a broken policy file is refused at reload: the old set stays, and the refusal is on record", async () => {
  const file = join(world.policies, "default.yaml");
  const sound = readFileSync(file, "utf8");
  writeFileSync(file, sound.replace("operation.class ==", "operation.clas =="));
  await vi.waitFor(
    async () => expect((await entries(world.data)).some(({ kind }) => kind === "policy.refused")).toBe(true),
    10_000,
  );
  expect((await agent.call("GET", projects)).status).toBe(200);
  writeFileSync(file, sound);
});
