import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PRACTICE_SECRET_VALUE } from "#practice/cloud";
import { type Outcome, type Stage, setStage } from "../../src/cli/local/demo/stage.ts";
import { installed } from "./installed.ts";

const gcloud = installed("gcloud");

describe.skipIf(gcloud === undefined)(
  "unmodified gcloud through gatehouse run, with no Google credential in reach",
  () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await setStage({ isGcloudAllowed: true, policies: [join(import.meta.dirname, "policies")] });
    });
    afterAll(async () => {
      const verification = await stage.gatehouse("audit", "verify", stage.data);
      await stage.close();
      expect(verification.status, verification.stderr).toBe(0);
    });

    const run = async (...command: string[]): Promise<Outcome> => stage.agent("gcloud", ...command).outcome;
    const succeed = async (...command: string[]): Promise<Outcome> => {
      const outcome = await run(...command);
      expect(outcome.status, `${command.join(" ")}\n${outcome.stdout}\n${outcome.stderr}`).toBe(0);
      return outcome;
    };
    const arrived = (method: string, path: RegExp): number =>
      stage.quickStart.cloud
        .requests()
        .filter((request) => request.method === method && path.test(request.path)).length;

    test("the account gcloud sees is the gateway's, and its token is none that Google takes", async () => {
      const { stdout } = await succeed("auth", "print-access-token");
      expect(stdout.trim().split(".")).toHaveLength(3);
      expect(stdout).not.toMatch(/ya29\.|practice-/);
    });

    test("projects list", async () => {
      expect((await succeed("projects", "list")).stdout).toContain("practice-project");
    });

    test("functions deploy, list, delete", async () => {
      const source = join(stage.folder, "function");
      mkdirSync(source, { recursive: true });
      writeFileSync(
        join(source, "index.js"),
        'exports.greet = (request, response) => response.send("hello");\n',
      );
      writeFileSync(join(source, "package.json"), '{"name":"greet","main":"index.js"}\n');
      const region = "--region=us-central1";
      await succeed(
        "functions",
        "deploy",
        "greet",
        "--gen2",
        region,
        "--runtime=nodejs22",
        `--source=${source}`,
        "--trigger-http",
        "--entry-point=greet",
        "--no-allow-unauthenticated",
      );
      expect(arrived("PUT", /./)).toBeGreaterThanOrEqual(1);
      expect(arrived("POST", /\/us-central1\/functions$/)).toBe(1);
      expect((await succeed("functions", "list", "--v2")).stdout).toContain("greet");
      await succeed("functions", "delete", "greet", "--gen2", region, "--quiet");
      expect(arrived("DELETE", /\/functions\/greet/)).toBe(1);
    });

    test("run services list", async () => {
      expect((await succeed("run", "services", "list")).stdout).toContain("hello");
    });

    test("secrets versions access shows a placeholder", async () => {
      const { stdout, stderr } = await succeed(
        "secrets",
        "versions",
        "access",
        "latest",
        "--secret=db-password",
      );
      expect(arrived("GET", /db-password\/versions\/latest:access/)).toBe(1);
      expect(stdout).not.toBe("");
      expect(`${stdout}${stderr}`).not.toContain(PRACTICE_SECRET_VALUE);
    });

    test("storage cp up and down, small and resumable, ls, cat, rm: bytes in are bytes out", async () => {
      const small = join(stage.folder, "small.txt");
      const large = join(stage.folder, "large.bin");
      writeFileSync(small, "a small object\n");
      writeFileSync(large, randomBytes(12 * 1024 * 1024));
      await succeed("storage", "cp", small, "gs://practice-bucket/small.txt");
      await succeed("storage", "cp", large, "gs://practice-bucket/large.bin");
      expect((await succeed("storage", "ls", "gs://practice-bucket")).stdout).toContain("large.bin");
      expect((await succeed("storage", "cat", "gs://practice-bucket/small.txt")).stdout).toContain(
        "a small object",
      );
      const back = join(stage.folder, "back.bin");
      await succeed("storage", "cp", "gs://practice-bucket/large.bin", back);
      expect(digest(back)).toBe(digest(large));
      await succeed("storage", "rm", "gs://practice-bucket/small.txt");
      expect((await succeed("storage", "ls", "gs://practice-bucket")).stdout).not.toContain("small.txt");
    });

    test("compute instances list and delete", async () => {
      expect((await succeed("compute", "instances", "list")).stdout).toContain("web-2");
      await succeed("compute", "instances", "delete", "web-2", "--zone=us-central1-a", "--quiet");
      expect((await succeed("compute", "instances", "list")).stdout).not.toContain("web-2");
    });

    test("iam service-accounts keys create writes no usable key", async () => {
      const file = join(stage.folder, "key.json");
      const outcome = await run(
        "iam",
        "service-accounts",
        "keys",
        "create",
        file,
        "--iam-account=robot@practice-project.iam.gserviceaccount.com",
      );
      expect(arrived("POST", /\/keys$/)).toBe(1);
      const written = existsSync(file) ? readFileSync(file, "utf8") : "";
      expect(`${outcome.stdout}${outcome.stderr}${written}`).not.toContain("PRIVATE KEY");
    });

    test("a call nobody can make sense of is refused in words gcloud shows, and does not arrive", async () => {
      const nowhere = "CLOUDSDK_API_ENDPOINT_OVERRIDES_DNS=https://dns.googleapis.com/nowhere/";
      const { status, stderr } = await stage.agent("env", nowhere, "gcloud", "dns", "managed-zones", "list")
        .outcome;
      expect(status).not.toBe(0);
      expect(stderr).toMatch(/NOT EXECUTED/);
      expect(arrived("GET", /managedZones/)).toBe(0);
    });
  },
);

function digest(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}
