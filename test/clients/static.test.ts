import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Stage, setStage } from "../../src/cli/local/demo/stage.ts";
import { type ChildOutcome, startChild } from "../fakes/child.ts";
import { identityToken } from "../scenarios/test-agent.ts";
import { installed } from "./installed.ts";

const gcloud = installed("gcloud");

// A job of a CI system: what `gatehouse env --write` wrote, and nothing running beside it.
describe.skipIf(gcloud === undefined)("unmodified gcloud with the files of gatehouse env --write", () => {
  let stage: Stage;
  let folder = "";
  beforeAll(async () => {
    stage = await setStage({ isGcloudAllowed: true });
    folder = join(stage.folder, "static");
    const subject = join(stage.folder, "subject.jwt");
    const { controlUrl } = stage.quickStart.server;
    writeFileSync(subject, await identityToken(controlUrl, "developer@example.com", "gatehouse-agent"));
    const words = ["--write", folder, "--token-file", subject, "--project", "practice-project"];
    const written = await stage.gatehouse("env", ...words);
    expect(written.status, written.stderr).toBe(0);
  });
  afterAll(() => stage.close());

  async function withGcloud(...words: string[]): Promise<ChildOutcome> {
    const configuration = join(stage.folder, "gcloud");
    mkdirSync(configuration, { recursive: true });
    const lines = readFileSync(join(folder, "github.env"), "utf8").trim().split("\n");
    const environment = {
      PATH: process.env["PATH"],
      HOME: stage.folder,
      CLOUDSDK_CONFIG: configuration,
      ...Object.fromEntries(
        lines.map((line): [string, string] => [line.replace(/=.*/, ""), line.slice(line.indexOf("=") + 1)]),
      ),
    };
    return startChild(["gcloud", ...words], { environment, folder: stage.folder }).outcome;
  }

  test("projects list works with the variables alone, and is on record", async () => {
    const listed = await withGcloud("projects", "list");
    expect(listed.status, listed.stderr).toBe(0);
    expect(listed.stdout).toContain("practice-project");
    const log = await stage.gatehouse("audit", "verify", stage.data);
    expect(log.status, log.stderr).toBe(0);
  });

  test("gcloud auth login --cred-file takes the file, and the account is the person at Gatehouse", async () => {
    const login = await withGcloud("auth", "login", "--cred-file", join(folder, "credentials.json"));
    expect(login.status, login.stderr).toBe(0);
    const accounts = await withGcloud("auth", "list", "--format=value(account)");
    expect(accounts.stdout).toContain("developer@example.com");
    const token = await withGcloud("auth", "print-access-token");
    expect(token.stdout.trim().split(".")).toHaveLength(3);
    expect(token.stdout).not.toMatch(/ya29\.|practice-/);
  });
});
