import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { defaultPeople } from "#practice/identity-provider";
import { type RunningCommand, type Stage, setStage } from "../../src/cli/local/demo/stage.ts";

// The helper as a service, on a whole Gatehouse: several agents of several people at once, and every way it can end.
const colleague = "colleague@example.com";
const developer = "developer@example.com";
const auditor = ["--as", "auditor@example.com", "--json"];
const timeout = 90_000;

let stage: Stage;
let socket: string;
beforeAll(async () => {
  stage = await setStage({
    isGcloudAllowed: false,
    people: [...defaultPeople, { email: colleague, name: "Colleague", groups: ["engineering"] }],
  });
  socket = join(stage.folder, "home/state/gatehouse/agent/agent.sock");
}, 60_000);
afterAll(() => stage.close());

/** Resolves once the text is in what the command said; fails when it ends without. */
function said(command: RunningCommand, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = "";
    const listen = (chunk: Buffer): void => {
      heard += String(chunk);
      if (heard.includes(text)) resolve(heard);
    };
    command.process.stdout?.on("data", listen);
    command.process.stderr?.on("data", listen);
    void command.outcome.then(({ stdout, stderr }) => reject(new Error(`${stdout}\n${stderr}`)));
  });
}

async function service(): Promise<RunningCommand> {
  const started = stage.start("agent", "start", "--as", developer);
  await said(started, "is ready at");
  return started;
}

/** Asks Google for its own project's secret, and tells whose token it was lent. Twice, with a wait in between. */
const probe = `
const http = require("node:http"), https = require("node:https");
const path = "/computeMetadata/v1/instance/service-accounts/default/token";
const project = process.env.CLOUDSDK_CORE_PROJECT;
const tell = (word) => http.get("http://" + process.env.GCE_METADATA_HOST + path, { headers: { "metadata-flavor": "Google" } }, (answer) => {
  let text = "";
  answer.on("data", (part) => { text += part; });
  answer.on("end", () => {
    const token = JSON.parse(text).access_token;
    const { sid, sub, act } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    const url = "https://secretmanager.googleapis.com/v1/projects/" + project + "/secrets";
    https.get(url, { headers: { authorization: "Bearer " + token } }, (reply) => {
      reply.resume();
      reply.on("end", () => console.log(JSON.stringify({ word, sid, sub, agent: act.sub, project, proxy: process.env.HTTPS_PROXY, status: reply.statusCode })));
    });
  });
});
tell("first");
process.stdin.once("data", () => { tell("second"); process.stdin.pause(); });
`;

const line = z.object({
  word: z.string(),
  sid: z.string(),
  sub: z.string(),
  agent: z.string(),
  project: z.string(),
  proxy: z.string(),
  status: z.number(),
});
const linesOf = (text: string) =>
  text
    .split("\n")
    .filter((each) => each.startsWith('{"word"'))
    .map((each) => line.parse(JSON.parse(each)));

const sessionList = z.object({
  sessions: z.array(
    z.object({ id: z.string(), agent: z.string(), principal: z.object({ email: z.string().optional() }) }),
  ),
});
const sessionShown = z.object({
  exchanges: z.array(z.object({ host: z.string(), resource: z.string().optional(), at: z.string() })),
});

test("three agents of one person and two of another run at once, and no token, project or session crosses", {
  timeout,
}, async () => {
  const started = await service();
  const wanted = [
    { agent: "one", project: "project-one", as: developer },
    { agent: "two", project: "project-two", as: developer },
    { agent: "three", project: "project-three", as: developer },
    { agent: "four", project: "project-four", as: colleague },
    { agent: "five", project: "project-five", as: colleague },
  ];
  const runs = wanted.map(({ agent, project, as }) =>
    stage.start(
      "run",
      "--agent",
      agent,
      "--project",
      project,
      "--as",
      as,
      "--",
      process.execPath,
      "-e",
      probe,
    ),
  );
  // All of them have been served before any goes on.
  await Promise.all(runs.map((run) => said(run, '"word":"first"')));
  const status = await stage.gatehouse("agent", "status", "--json");
  const running = z.object({ running: z.literal(true), runs: z.array(z.unknown()) });
  expect(running.parse(JSON.parse(status.stdout)).runs).toHaveLength(5);
  for (const run of runs) run.process.stdin?.end("go\n");
  const outcomes = await Promise.all(runs.map(({ outcome }) => outcome));

  const told = outcomes.map(({ stdout, stderr }) => ({ lines: linesOf(stdout), stderr }));
  for (const [index, { lines, stderr }] of told.entries()) {
    expect(
      lines.map(({ word }) => word),
      stderr,
    ).toEqual(["first", "second"]);
    // The same session before and after, under its own name, in its own project, by its own proxy.
    for (const each of ["sid", "sub", "proxy"] as const) expect(lines[0]?.[each]).toBe(lines[1]?.[each]);
    expect(lines[0]).toMatchObject({ agent: wanted[index]?.agent, project: wanted[index]?.project });
  }
  const firsts = told.flatMap(({ lines }) => lines.slice(0, 1));
  expect(new Set(firsts.map(({ sid }) => sid)).size).toBe(5);
  expect(new Set(firsts.map(({ proxy }) => proxy)).size).toBe(5);
  expect(new Set(firsts.map(({ sub }) => sub)).size).toBe(2);

  // What the server has on record of each session is that agent's project, asked for by that person, and nothing else.
  const listed = await stage.gatehouse("sessions", "list", ...auditor);
  const { sessions } = sessionList.parse(JSON.parse(listed.stdout));
  for (const [index, { sid }] of firsts.entries()) {
    const own = sessions.find(({ id }) => id === sid);
    expect(own).toMatchObject({ agent: wanted[index]?.agent, principal: { email: wanted[index]?.as } });
    const shown = await stage.gatehouse("sessions", "show", sid, ...auditor);
    const { exchanges } = sessionShown.parse(JSON.parse(shown.stdout));
    expect(exchanges).toHaveLength(2);
    for (const { resource } of exchanges) expect(resource).toContain(`projects/${wanted[index]?.project}`);
  }
  started.process.kill("SIGTERM");
  expect((await started.outcome).status).toBe(0);
});

test("a second service does not start, and stopping the first ends its runs and leaves no file", {
  timeout,
}, async () => {
  const started = await service();
  const second = await stage.gatehouse("agent", "start", "--as", developer);
  expect(second.status).toBe(1);
  expect(second.stderr).toContain("is running");
  const run = stage.start("run", "--", "sh", "-c", 'echo "$SSL_CERT_FILE"; echo there; read go');
  const folder = /^(\/\S+)\/ca\.pem$/m.exec(await said(run, "there"))?.[1] ?? "";
  expect(existsSync(folder)).toBe(true);
  expect((await stage.gatehouse("agent", "stop")).stdout).toContain("1 runs ended");
  expect((await started.outcome).status).toBe(0);
  expect([existsSync(folder), existsSync(socket)]).toEqual([false, false]);
  run.process.stdin?.end("go\n");
  expect((await run.outcome).stderr).toContain("The helper service has ended");
  const status = await stage.gatehouse("agent", "status");
  expect(status).toMatchObject({
    status: 1,
    stdout: "The helper service is not running. Start it: gatehouse agent start --detach\n",
  });
});

test("a service that was killed leaves no token in any file; runs go on without one, and the next one takes its place", {
  timeout,
}, async () => {
  const started = await service();
  const run = stage.start(
    "run",
    "--",
    process.execPath,
    "-e",
    `console.log(process.env.SSL_CERT_FILE);${probe}`,
  );
  const text = await said(run, '"word":"first"');
  const folder = /^(\/\S+)\/ca\.pem$/m.exec(text)?.[1] ?? "";
  const status: unknown = JSON.parse((await stage.gatehouse("agent", "status", "--json")).stdout);
  process.kill(z.object({ pid: z.number() }).parse(status).pid, "SIGKILL");
  await started.outcome;
  run.process.stdin?.end();
  expect(existsSync(socket)).toBe(true);
  const files = [folder, join(stage.folder, "home")].flatMap((each) =>
    readdirSync(each, { recursive: true, encoding: "utf8" }).map((name) => join(each, name)),
  );
  const contents = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, "utf8"));
  expect(contents.length).toBeGreaterThan(3);
  // Three parts of base64url, the first of which says that it is JSON: what every JWT looks like.
  for (const content of contents) expect(content).not.toMatch(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/);

  const alone = await stage.gatehouse("run", "--as", developer, "--", "sh", "-c", "echo works");
  expect(alone).toMatchObject({ status: 0, stdout: "works\n" });
  const next = await service();
  expect((await stage.gatehouse("agent", "status")).status).toBe(0);
  next.process.kill("SIGINT");
  expect((await next.outcome).status).toBe(0);
  expect(existsSync(socket)).toBe(false);
});

test("in the background it is there once the command returns, and says why when it is not", {
  timeout,
}, async () => {
  const failed = await stage.gatehouse("agent", "start", "--detach", "--as", "nobody@example.com");
  expect(failed.status).toBe(1);
  expect(failed.stderr).toContain("gatehouse: ");
  const started = await stage.gatehouse("agent", "start", "--detach", "--as", developer);
  expect(started, started.stderr).toMatchObject({ status: 0 });
  expect(started.stdout).toContain("runs in the background");
  expect((await stage.gatehouse("agent", "status")).status).toBe(0);
  expect((await stage.gatehouse("agent", "stop")).status).toBe(0);
});
