import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Stage, setStage } from "../../src/cli/local/demo/stage.ts";

// `gatehouse run` as a person uses it, on a whole Gatehouse.
let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ isGcloudAllowed: false });
}, 60_000);
afterAll(() => stage.close());

const call = `node ${join(import.meta.dirname, "../../src/cli/local/demo/http-call.ts")} GET https://cloudresourcemanager.googleapis.com/v1/projects`;

test("a session that is stopped in the middle of a long command is cut, and the command is told why", {
  timeout: 60_000,
}, async () => {
  const command = stage.agent("sh", "-c", `${call} && echo first-call-done && read go && ${call}`);
  await new Promise<void>((resolve, reject) => {
    command.process.stdout?.on("data", (chunk: Buffer) =>
      String(chunk).includes("first-call-done") ? resolve() : undefined,
    );
    void command.outcome.then(({ stderr }) => reject(new Error(stderr)));
  });
  const list = await stage.gatehouse("sessions", "list", "--as", "auditor@example.com", "--json");
  const id = /"id":\s*"(ses_[^"]+)"/.exec(list.stdout)?.[1] ?? "";
  const stopped = await stage.gatehouse("sessions", "stop", id, "--as", "operator@example.com");
  expect(stopped.status, stopped.stderr).toBe(0);
  const before = stage.quickStart.cloud.count({ path: "/v1/projects" });
  command.process.stdin?.end("go\n");
  const outcome = await command.outcome;
  expect(outcome.status).not.toBe(0);
  expect(outcome.stderr).toMatch(/session/i);
  expect(stage.quickStart.cloud.count({ path: "/v1/projects" })).toBe(before);
});

test("gatehouse wait blocks until a decision: 75 while nobody has decided, 0 once it is approved", {
  timeout: 60_000,
}, async () => {
  const url =
    "https://compute.googleapis.com/compute/v1/projects/practice-project/zones/us-central1-a/instances/web-2";
  const held = stage.agent("sh", "-c", `${call.replace(/GET .*/, `DELETE ${url}`)}`);
  let id: string | undefined;
  while (id === undefined) {
    const { stdout } = await stage.gatehouse("approvals", "list", "--as", "approver@example.com", "--json");
    id = /"id":\s*"(apr_[^"]+)"/.exec(stdout)?.[1];
  }
  const asDeveloper = ["--as", "developer@example.com"];
  expect((await stage.gatehouse("login", ...asDeveloper)).status).toBe(0);
  const early = await stage.gatehouse("wait", id, "--max", "1s");
  expect(early.status, early.stderr).toBe(75);
  const waiting = stage.gatehouse("wait", id, "--max", "1m");
  expect((await stage.gatehouse("approvals", "approve", id, "--as", "approver@example.com")).status).toBe(0);
  expect((await waiting).status).toBe(0);
  expect((await held.outcome).status).toBe(0);
});

test("nothing in the environment of the command or in its files is the upstream's credential", {
  timeout: 60_000,
}, async () => {
  const { stdout } = await stage.agent(
    "sh",
    "-c",
    'env; cat "$SSL_CERT_FILE"; find "$CLOUDSDK_CONFIG" -type f -exec cat {} +',
  ).outcome;
  const key = readFileSync(stage.quickStart.keyFile, "utf8");
  const secret: unknown = JSON.parse(key);
  const privateKey =
    typeof secret === "object" && secret !== null && "private_key" in secret
      ? String(secret.private_key)
      : "";
  expect(privateKey).toContain("PRIVATE KEY");
  for (const line of privateKey.split("\n").filter((each) => each.length > 40))
    expect(stdout).not.toContain(line);
  expect(stdout).not.toMatch(/practice-[A-Za-z0-9_-]{20,}|ya29\./);
  expect(stdout).not.toMatch(/GOOGLE_APPLICATION_CREDENTIALS=/);
});

test("two runs at once have ports, proxies and sessions of their own", { timeout: 60_000 }, async () => {
  const [one, other] = await Promise.all([
    stage.agent("sh", "-c", "echo $HTTPS_PROXY $GCE_METADATA_HOST $CLOUDSDK_CONFIG").outcome,
    stage.agent("sh", "-c", "echo $HTTPS_PROXY $GCE_METADATA_HOST $CLOUDSDK_CONFIG").outcome,
  ]);
  const parts = [...one.stdout.trim().split(" "), ...other.stdout.trim().split(" ")];
  expect(parts).toHaveLength(6);
  expect(new Set(parts).size).toBe(6);
});
