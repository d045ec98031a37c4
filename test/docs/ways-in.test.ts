import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { directionOf } from "#agent";
import { type ChildOutcome, startChild } from "../fakes/child.ts";
import { startWorld, type World } from "../scenarios/world.ts";

// The examples of docs/ways-in.md as they stand there. Played are only the clients, the person, and where the server is.
const page = readFileSync(new URL("../../docs/ways-in.md", import.meta.url), "utf8");
const developer = "developer@example.com";
const timeout = 60_000;

let world: World;
let bin = "";
let tokenFile = "";
beforeAll(async () => {
  world = await startWorld();
  bin = join(world.folder, "bin");
  tokenFile = join(world.folder, "subject.jwt");
  mkdirSync(bin);
  writeFileSync(tokenFile, await world.identityToken(developer));
  const gatehouse = `"${process.execPath}" "${join(import.meta.dirname, "../../bin/gatehouse.mjs")}"`;
  const client = `"${process.execPath}" "${join(import.meta.dirname, "stand-ins/google-client.mjs")}"`;
  command("gatehouse", `case "$1" in login) set -- "$@" --as ${developer};; esac\nexec ${gatehouse} "$@"`);
  command("gcloud", `exec ${client} "$@"`);
  command("terraform", `exec ${client} "$@"`);
});
afterAll(() => world.close());

function command(name: string, line: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** The text under one heading. */
function section(title: string): string {
  return page.split(/^## /m).find((part) => part.startsWith(title)) ?? "";
}

function example(title: string, language = "sh"): string {
  const [, text] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(section(title)) ?? [];
  if (text === undefined) throw new Error(`no example in ${title}`);
  return text
    .replaceAll("https://gatehouse.example.com", world.quickStart.server.controlUrl)
    .replaceAll("/var/run/secrets/gatehouse/token", tokenFile);
}

async function shell(script: string, more: Record<string, string> = {}): Promise<ChildOutcome> {
  const environment = {
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    HOME: join(world.folder, "home"),
    GATEHOUSE_URL: world.quickStart.server.controlUrl,
    ...more,
  };
  const outcome = await startChild(["sh", "-euc", script], { environment, folder: world.folder }).outcome;
  expect(outcome.status, `${script}\n${outcome.stdout}\n${outcome.stderr}`).toBe(0);
  return outcome;
}

const projectsIn = ({ stdout }: ChildOutcome): number => stdout.split('"practice-project"').length - 1;

test("a run of its own", { timeout }, async () => {
  // The line for a second terminal stays until Ctrl-C; src/cli/run.test.ts has it.
  const lines = example("A run of its own").split("\n");
  expect(lines.filter((line) => line.includes("env --output"))).toHaveLength(1);
  const script = lines.filter((line) => !line.includes("env --output")).join("\n");
  expect(projectsIn(await shell(script))).toBe(2);
});

test("the helper service", { timeout }, async () => {
  const outcome = await shell(`gatehouse login\n${example("Helper service")}`);
  expect(projectsIn(outcome)).toBe(1);
  expect(outcome.stdout).toContain("Stopped");
});

test("the Unix socket", { timeout }, async () => {
  expect(projectsIn(await shell(`gatehouse login\n${example("Unix socket")}`))).toBe(1);
});

test("static mode", { timeout }, async () => {
  const outcome = await shell(example("Static mode"));
  expect(projectsIn(outcome)).toBe(1);
  expect(outcome.stdout).toContain("signed in: external_account");
});

test("static mode in GitHub Actions", { timeout }, async () => {
  const [, script = ""] = /- run: \|\n([\s\S]*?)\n {2}- run:/.exec(example("Static mode", "yaml")) ?? [];
  const variables = join(world.folder, "github-env");
  await shell(script, {
    RUNNER_TEMP: world.folder,
    GITHUB_ENV: variables,
    ACTIONS_ID_TOKEN_REQUEST_URL: "http://127.0.0.1:1/token?a=b",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "the-bearer-of-the-job",
  });
  expect(readFileSync(variables, "utf8")).toContain("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1");
});

test("the variables of the universe domain are those that the helper sets", () => {
  const direction = directionOf({
    universe: { domain: "gw.example.com", port: 443 },
    proxyUrl: "http://127.0.0.1:1",
  });
  for (const [name, value] of Object.entries(direction.variables)) {
    expect(example("Universe domain")).toContain(`${name}=${value}`);
  }
});
