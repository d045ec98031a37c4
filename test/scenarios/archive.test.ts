import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runCommandLine } from "#cli";
import type { Configuration } from "#config";
import { addAuditCommands } from "../../src/cli/local/audit.ts";
import { bucketKeys } from "../fakes/bucket.ts";
import { type FakeLockedBucket, startFakeLockedBucket } from "../fakes/locked-bucket.ts";
import { type FakeRetainedBucket, startFakeRetainedBucket, storageToken } from "../fakes/retained-bucket.ts";
import { fakeTerminal } from "../fakes/terminal.ts";
import { startWorld } from "./world.ts";

let locked: FakeLockedBucket;
let retained: FakeRetainedBucket;
let folder: string;
beforeEach(async () => {
  locked = await startFakeLockedBucket();
  retained = await startFakeRetainedBucket();
  folder = mkdtempSync(join(tmpdir(), "gatehouse-archive-"));
  for (const [name, text] of Object.entries({ ...bucketKeys, token: storageToken })) {
    writeFileSync(join(folder, name), `${text}\n`, { mode: 0o600 });
  }
});
afterEach(async () => {
  await locked.close();
  await retained.close();
  rmSync(folder, { recursive: true });
});

const secret = (name: string) => ({ file: join(folder, name) });
const s3 = (): Configuration["archive"] => ({
  kind: "s3",
  bucket: "archive",
  prefix: "gatehouse/",
  endpoint: locked.url,
  region: "eu-west-1",
  access_key_id: secret("accessKeyId"),
  secret_access_key: secret("secretAccessKey"),
  every_seconds: 1,
});
const gcs = (): Configuration["archive"] => ({
  kind: "gcs",
  bucket: "archive",
  prefix: "",
  endpoint: retained.url,
  access_token: secret("token"),
  every_seconds: 1,
});

async function verify(place: string, key: string): Promise<{ status: number; out: string }> {
  const environment = {
    GATEHOUSE_ARCHIVE_ENDPOINT: place.startsWith("s3:") ? locked.url : retained.url,
    GATEHOUSE_ARCHIVE_TOKEN: storageToken,
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: bucketKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: bucketKeys.secretAccessKey,
  };
  const terminal = fakeTerminal({ environment });
  const parts = { version: "0.1.0", localCommands: [addAuditCommands] };
  const status = await runCommandLine(["audit", "verify", place, "--key", key], parts, terminal);
  terminal.remove();
  return { status, out: terminal.stdout.join("\n") + terminal.stderr.join("\n") };
}

test.each([
  ["s3://archive/gatehouse", s3, () => locked.versions.size],
  ["gs://archive", gcs, () => retained.objects.size],
] as const)(
  "a server copies its log to %s, says so, and the copy verifies without it",
  async (place, configured, count) => {
    const world = await startWorld({ archive: configured() });
    const key = readFileSync(join(world.data, "log.vkey"), "utf8").trim();
    await vi.waitFor(
      async () => {
        const { text } = await world.control("GET", "/readyz");
        expect(text).toMatch(/archive.*has [1-9]\d* entries/);
      },
      { timeout: 15_000 },
    );
    const auditor = await world.identityToken("auditor@example.com", "gatehouse-console");
    const { text } = await world.control("GET", "/api/v1/audit/entries?kind=log.open", auditor);
    expect(text).toContain('"stage":"archived"');
    await world.close();
    expect(count()).toBeGreaterThan(2);
    const verified = await verify(place, key);
    expect(verified).toMatchObject({
      status: 0,
      out: expect.stringMatching(/Verified: .* \(bucket\)/) as string,
    });
  },
);

test("a server whose archive is not locked does not start, and names what is missing", async () => {
  locked.rule = undefined;
  await expect(startWorld({ archive: s3() })).rejects.toMatchObject({
    code: "archive_bucket_unlocked",
    message: expect.stringMatching(/lacks Object Lock with a default retention in COMPLIANCE mode/) as string,
  });
  expect(locked.versions.size).toBe(0);
});

test("a server whose archive's secret is missing does not start", async () => {
  rmSync(join(folder, "secretAccessKey"));
  await expect(startWorld({ archive: s3() })).rejects.toMatchObject({ code: "secret_missing" });
});
