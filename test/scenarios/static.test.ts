import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { GoogleAuth } from "google-auth-library";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { type ChildOutcome, startChild } from "../fakes/child.ts";
import { portOf } from "../fakes/port.ts";
import { startWorld, type World } from "./world.ts";

// `gatehouse env --write` as a job of a CI system uses it: no helper, no sign-in, and Google's own library.
const script = resolve(import.meta.dirname, "../fakes/command-line.ts");
const jobsKey = "the-bearer-of-the-job";

let world: World;
let subject = "";
beforeAll(async () => {
  world = await startWorld();
  subject = await world.identityToken("developer@example.com");
});
afterAll(() => world.close());

let folders = 0;
function place(): string {
  folders += 1;
  return join(world.folder, `static-${folders}`);
}

function write(
  folder: string,
  words: readonly string[],
  more: Record<string, string> = {},
): Promise<ChildOutcome> {
  const environment = {
    PATH: process.env["PATH"],
    HOME: world.folder,
    GATEHOUSE_URL: world.quickStart.server.controlUrl,
    ...more,
  };
  return startChild([process.execPath, script, "env", "--write", folder, ...words], {
    environment,
    folder: world.folder,
  }).outcome;
}

interface SubjectServer {
  readonly url: string;
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[];
}

/** Answers as GitHub's door for ID tokens does, and as addresses do that give tokens without one. */
async function subjectServer(answer: () => string = () => subject): Promise<SubjectServer> {
  const asked: SubjectServer["asked"] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? "", authorization: request.headers.authorization });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ count: 1, value: answer() }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${portOf(server)}/token?api-version=2.0`, asked };
}

/** The variables of a written folder, as `$GITHUB_ENV` would read them. */
function variablesOf(folder: string): Record<string, string> {
  const lines = readFileSync(join(folder, "github.env"), "utf8").trim().split("\n");
  return Object.fromEntries(
    lines.map((line): [string, string] => [line.replace(/=.*/, ""), line.slice(line.indexOf("=") + 1)]),
  );
}

/** Asks for the projects with the credential file and the addresses that the folder names. */
async function listProjects(folder: string): Promise<string> {
  const variables = variablesOf(folder);
  const auth = new GoogleAuth({
    keyFilename: variables["GOOGLE_APPLICATION_CREDENTIALS"] ?? "",
    scopes: "https://www.googleapis.com/auth/cloud-platform",
  });
  const client = await auth.getClient();
  const base = variables["CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER"] ?? "";
  const answer = await client.request<unknown>({ url: `${base}v1/projects`, retry: false });
  expect(answer.headers.get("x-audit-record")).not.toBeNull();
  return JSON.stringify(answer.data);
}

const allTextOf = (folder: string): string =>
  readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");

function job(address: string): Record<string, string> {
  return { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: jobsKey };
}

test("a folder that holds somebody else's file is left as it was, and nothing is written into it", async () => {
  const folder = place();
  mkdirSync(folder);
  writeFileSync(join(folder, "deploy.key"), "precious");
  const outcome = await write(folder, ["--token-file", "/nowhere"]);
  expect([outcome.status, readdirSync(folder)]).toEqual([2, ["deploy.key"]]);
});

test.each([
  ["no source at all", []],
  ["two sources", ["--token-file", "/token", "--token-url", "https://token.example.com"]],
  ["an address in clear text over the network", ["--token-url", "http://token.example.com/"]],
  ["an address with a password in it", ["--token-url", "https://me:secret@token.example.com/"]],
  ["a project that is none", ["--token-file", "/token", "--project", "x y"]],
])("with %s nothing is written", async (_name, words) => {
  const folder = place();
  expect((await write(folder, words)).status).toBe(2);
  expect(existsSync(folder)).toBe(false);
});

test("no file of the folder holds a secret, and nobody else may read them", async () => {
  const folder = place();
  const { url } = await subjectServer();
  expect((await write(folder, [], job(url))).status).toBe(0);
  const text = allTextOf(folder);
  for (const secret of [subject, jobsKey]) expect(text.includes(secret)).toBe(false);
  expect(/PRIVATE KEY|eyJ[\w-]*\./.test(text)).toBe(false);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
});

test("google-auth-library works with a token from a file", async () => {
  const [folder, file] = [place(), join(world.folder, "subject.jwt")];
  writeFileSync(file, subject);
  expect((await write(folder, ["--token-file", file, "--project", "practice-project"])).status).toBe(0);
  expect(variablesOf(folder)).toMatchObject({ GOOGLE_CLOUD_PROJECT: "practice-project" });
  expect(await listProjects(folder)).toContain("practice-project");
});

test("google-auth-library works with a token from an address", async () => {
  const folder = place();
  const { url } = await subjectServer();
  expect((await write(folder, ["--token-url", url, "--token-field", "value"])).status).toBe(0);
  expect(await listProjects(folder)).toContain("practice-project");
});

test("google-auth-library works in a job of GitHub Actions, which shows its key to GitHub alone", async () => {
  const folder = place();
  const { url, asked } = await subjectServer();
  expect((await write(folder, ["--audience", "gatehouse-agent"], job(url))).status).toBe(0);
  expect(asked).toEqual([]);
  for (const [name, value] of Object.entries({ ...job(url), ...variablesOf(folder) })) {
    if (/^(ACTIONS_|GOOGLE_EXTERNAL_)/.test(name)) vi.stubEnv(name, value);
  }
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await listProjects(folder)).toContain("practice-project");
  expect(asked).toEqual([
    { path: "/token?api-version=2.0&audience=gatehouse-agent", authorization: `Bearer ${jobsKey}` },
  ]);
});

test("a job whose identity nobody here knows gets no token", async () => {
  const folder = place();
  const { url } = await subjectServer(() => `${subject.slice(0, -8)}AAAAAAAA`);
  expect((await write(folder, ["--token-url", url, "--token-field", "value"])).status).toBe(0);
  await expect(listProjects(folder)).rejects.toThrow(/invalid_request/);
});

test("what was written before is written anew; the shell's file says the same as the plain one", async () => {
  const folder = place();
  for (const project of ["one", "two"]) {
    const outcome = await write(folder, ["--token-file", "/token", "--project", project]);
    expect(outcome.status, outcome.stderr).toBe(0);
  }
  expect(variablesOf(folder)["CLOUDSDK_CORE_PROJECT"]).toBe("two");
  const shell = await startChild(["env", "-i", "sh", "-c", `. ${folder}/env.sh && env`]).outcome;
  const lines = readFileSync(join(folder, "github.env"), "utf8").trim().split("\n");
  expect(shell.stdout.split("\n")).toEqual(expect.arrayContaining(lines));
});
