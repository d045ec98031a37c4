import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ChildOutcome, type StartedChild, startChild } from "../../test/fakes/child.ts";
import {
  type FakeControlPlane,
  logOfOne,
  refusal,
  startFakeControlPlane,
} from "../../test/fakes/control-plane.ts";
import { type FakeGateway, startFakeGateway } from "../../test/fakes/gateway.ts";
import { type FakeIdentityProvider, startFakeIdentityProvider } from "../../test/fakes/identity-provider.ts";

const script = resolve(import.meta.dirname, "../../test/fakes/command-line.ts");
let home = "";
let gateway: FakeGateway;
let provider: FakeIdentityProvider;
let plane: FakeControlPlane;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "run-test-"));
  gateway = await startFakeGateway();
  provider = await startFakeIdentityProvider();
  plane = await startFakeControlPlane({
    proxyUrl: gateway.url,
    caCertificatePem: gateway.authority.certificatePem,
    issuer: provider.issuer,
  });
});
afterEach(async () => {
  await Promise.all([gateway.close(), provider.close(), plane.close()]);
  rmSync(home, { recursive: true });
});

/** `gatehouse …` as a process whose temporary folder is ours to look into. */
function start(...words: string[]): StartedChild {
  return startChild([process.execPath, script, ...words], { environment: environment(), folder: home });
}

const environment = () => ({ PATH: process.env["PATH"], HOME: home, TMPDIR: home, GATEHOUSE_URL: plane.url });

function startDebugging(...words: string[]): StartedChild {
  const debugging = { ...environment(), GATEHOUSE_DEBUG: "1" };
  return startChild([process.execPath, script, ...words], { environment: debugging, folder: home });
}

const run = (...words: string[]): Promise<ChildOutcome> =>
  start("run", "--as", "developer@example.com", ...words).outcome;

const leftovers = (): string[] => readdirSync(home).filter((name) => name.startsWith("gatehouse-run-"));

test("when nobody is signed in the command is never started", async () => {
  const outcome = await start("run", "--", "touch", "started").outcome;
  expect(outcome.status).toBe(125);
  expect(outcome.stderr).toMatch(/^gatehouse: Nobody is signed in\. Run `gatehouse login`/);
  expect(existsSync(join(home, "started"))).toBe(false);
});

test("when the server is down the command is never started", async () => {
  const outcome = await run("--url", "http://127.0.0.1:1", "--", "touch", "started");
  expect(outcome.status).toBe(125);
  expect(outcome.stderr).toContain("Start one with `gatehouse serve`");
  expect(existsSync(join(home, "started"))).toBe(false);
});

test("when the server opens no session the command is never started, and its reason is passed on", async () => {
  plane.token = () => refusal(403, "not_permitted", "You may not use agents here.", "Ask an operator.");
  const outcome = await run("--", "touch", "started");
  expect(outcome).toMatchObject({
    status: 125,
    stderr: "gatehouse: You may not use agents here.\nAsk an operator.\n",
  });
  expect(existsSync(join(home, "started"))).toBe(false);
  expect(leftovers()).toEqual([]);
});

test("no server in clear text over the network is spoken to", async () => {
  const outcome = await run("--url", "http://gatehouse.example.com", "--", "true");
  expect(outcome.status).toBe(2);
  expect(outcome.stderr).toContain("https://");
});

test("the command's status is passed on, and nothing is left behind", async () => {
  expect((await run("--", "sh", "-c", "exit 9")).status).toBe(9);
  expect((await run("--", "sh", "-c", "kill -TERM $$")).status).toBe(143);
  expect(await run("--", "no-such-command")).toMatchObject({
    status: 127,
    stderr: "gatehouse: There is no command no-such-command on the PATH.\n",
  });
  expect(leftovers()).toEqual([]);
});

test("a server whose log contradicts what an earlier run has seen gets no command run", async () => {
  expect((await run("--", "true")).status).toBe(0);
  plane.routes.set("GET /api/v1/audit/consistency", () => logOfOne(plane.logKey, "another"));
  expect(await run("--", "touch", join(home, "started"))).toMatchObject({
    status: 8,
    stderr: expect.stringMatching(
      /^gatehouse: The audit log of this server contradicts .*roots.*\n$/,
    ) as string,
  });
  expect(existsSync(join(home, "started"))).toBe(false);
  expect(leftovers()).toEqual([]);
});

test("a run that is terminated ends its command and leaves nothing behind", async () => {
  const running = start(
    "run",
    "--as",
    "developer@example.com",
    "--",
    "sh",
    "-c",
    "echo started; exec sleep 60",
  );
  await running.printed("started");
  expect(leftovers()).toHaveLength(1);
  running.kill("SIGTERM");
  expect((await running.outcome).status).toBe(143);
  expect(leftovers()).toEqual([]);
});

const endPath = "/api/v1/sessions/this/end";
/** With what the session was ended, each time. */
const endings = (): (string | undefined)[] =>
  plane.requests.filter(({ path }) => path === endPath).map(({ authorization }) => authorization);

test.each([
  ["came to its end", "exit 9", 9],
  ["was killed", "kill -KILL $$", 137],
  ["was not there", undefined, 127],
])("when the command %s its session is ended, with its own token", async (_how, line, status) => {
  const words = line === undefined ? ["no-such-command"] : ["sh", "-c", line];
  expect((await run("--", ...words)).status).toBe(status);
  expect(endings()).toEqual([expect.stringMatching(/^Bearer gateway-token-/)]);
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("a run that gets %s ends its session", async (signal) => {
  const words = ["sh", "-c", "echo started; exec sleep 60"];
  const running = start("run", "--as", "developer@example.com", "--", ...words);
  await running.printed("started");
  expect(endings()).toEqual([]);
  running.kill(signal);
  expect((await running.outcome).status).toBeGreaterThan(128);
  expect(endings()).toHaveLength(1);
});

test("a session that cannot be ended changes neither status nor output, and is spoken of to whoever looks for faults", async () => {
  plane.routes.set(`POST ${endPath}`, () =>
    refusal(503, "audit_unavailable", "The audit log cannot be written."),
  );
  expect(await run("--", "sh", "-c", "exit 9")).toMatchObject({ status: 9, stdout: "", stderr: "" });
  expect(endings()).toHaveLength(1);
  const outcome = await startDebugging("run", "--as", "developer@example.com", "--", "true").outcome;
  expect(outcome).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(
      /^gatehouse: session \S+ was not ended: The audit log cannot be written\.\n$/,
    ) as string,
  });
});

test("a server that went away meanwhile changes nothing for the command", async () => {
  const words = ["sh", "-c", "echo started; while [ -e waiting ]; do :; done; exit 9"];
  writeFileSync(join(home, "waiting"), "");
  const running = start("run", "--as", "developer@example.com", "--", ...words);
  await running.printed("started");
  await plane.close();
  rmSync(join(home, "waiting"));
  expect(await running.outcome).toMatchObject({ status: 9, stderr: "" });
});

test("options after -- belong to the command", async () => {
  const outcome = await run("--", "echo", "--json", "--as", "nobody");
  expect(outcome.stdout).toBe("--json --as nobody\n");
});

test("curl reaches Google through the gateway with the run's environment and nothing else", async () => {
  const outcome = await run(
    "--project",
    "my-project",
    "--",
    "sh",
    "-c",
    "curl -sS https://storage.googleapis.com/storage/v1/b; echo $CLOUDSDK_CORE_PROJECT",
  );
  expect(outcome.stderr).toBe("");
  expect(outcome.stdout).toContain("fake gateway");
  expect(outcome.stdout).toContain("my-project");
  expect(gateway.connects[0]?.authorization).toMatch(/^Bearer gateway-token-/);
});

test("the session names agent and connection as asked", async () => {
  await run("--agent", "cursor", "--connection", "prod", "--", "true");
  expect(Object.fromEntries(plane.forms()[0] ?? [])).toMatchObject({ agent: "cursor", connection: "prod" });
});

test("env keeps a helper open for another shell, in a file of its own, and takes it back at the end", async () => {
  const file = join(home, "gatehouse.env");
  const holder = start("env", "--as", "developer@example.com", "--output", file);
  await holder.printed("the helper is open");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const shell = `. ${file}; curl -sS https://storage.googleapis.com/`;
  expect((await startChild(["sh", "-c", shell]).outcome).stdout).toContain("fake gateway");
  holder.kill("SIGINT");
  expect((await holder.outcome).status).toBe(0);
  expect(existsSync(file)).toBe(false);
  expect(leftovers()).toEqual([]);
});

test.each([
  [["--github-actions"], "go with --write FOLDER"],
  [["--token-file", "t"], "go with --write FOLDER"],
  [["--write", "ci", "--token-file", "t", "--output", "x"], "do not go with --write"],
  [["--write", "ci", "--token-file", "t", "--connection", "prod"], "do not go with --write"],
])("env %j is refused rather than taken for something else", async (words, why) => {
  const outcome = await start("env", ...words).outcome;
  expect([outcome.status, outcome.stderr]).toEqual([2, expect.stringContaining(why)]);
  expect(leftovers()).toEqual([]);
});

test("env overwrites no file, whoever made it", async () => {
  const file = join(home, "gatehouse.env");
  await startChild(["sh", "-c", `echo mine > ${file}`]).outcome;
  const outcome = await start("env", "--as", "developer@example.com", "--output", file).outcome;
  expect(outcome.status).toBe(2);
  expect(readFileSync(file, "utf8")).toBe("mine\n");
  expect(leftovers()).toEqual([]);
});

test("gatehouse wait inside a run asks as the run's own session", async () => {
  plane.routes.set("GET /api/v1/approvals/apr_1/status", () => ({
    status: 200,
    body: { id: "apr_1", state: "approved", decideBy: "2026-11-24T12:30:00Z" },
  }));
  const outcome = await run("--", process.execPath, script, "wait", "apr_1");
  expect(outcome).toMatchObject({
    status: 0,
    stdout: "apr_1: approved. Run the same command again, unchanged.\n",
  });
  const asked = plane.requests.find(({ path }) => path.startsWith("/api/v1/approvals/apr_1/status"));
  expect(asked?.authorization).toMatch(/^Bearer gateway-token-/);
});
