import { chmodSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type Outcome, type Stage, setStage } from "../../src/cli/local/demo/stage.ts";
import { startChild } from "../fakes/child.ts";

// A run's second way in, for sandboxes that forbid loopback TCP: a Unix socket and an executable credential source.
let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ isGcloudAllowed: false });
}, 60_000);
afterAll(() => stage.close());

const inRun = (shell: string): Promise<Outcome> => stage.agent("sh", "-c", shell).outcome;
const gatehouse = `"${process.execPath}" "${join(import.meta.dirname, "../../bin/gatehouse.mjs")}"`;

const success = z.strictObject({
  version: z.literal(1),
  success: z.literal(true),
  token_type: z.string(),
  id_token: z.string(),
  expiration_time: z.int(),
});
const failure = z.strictObject({
  version: z.literal(1),
  success: z.literal(false),
  code: z.string(),
  message: z.string(),
});

/** Google's own library, with nothing but the run's credential file; says the token it got, or why it got none. */
const library = `
const { GoogleAuth } = await import(${JSON.stringify(import.meta.resolve("google-auth-library"))});
const { dirname, join } = await import("node:path");
const keyFilename = join(dirname(process.env.GATEHOUSE_SOCKET), "credentials.json");
const auth = new GoogleAuth({ keyFilename, scopes: "https://www.googleapis.com/auth/cloud-platform" });
console.log("result:" + (await auth.getAccessToken().catch((error) => error.message)));`;
const withLibrary = `GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1 "${process.execPath}" --input-type=module -e '${library}'`;

test("google-auth-library gets the run's own token by the executable source, and it is the token of that session", {
  timeout: 60_000,
}, async () => {
  const { stdout, stderr, status } = await inRun(withLibrary);
  expect(status, stderr).toBe(0);
  const token = /result:(\S+)/.exec(stdout)?.[1] ?? "";
  const payload: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  expect(
    z.object({ aud: z.literal("gatehouse"), sid: z.templateLiteral(["ses_", z.string()]) }).safeParse(payload)
      .success,
  ).toBe(true);
});

test("what the command prints is a token with its life, and nothing on standard error", {
  timeout: 60_000,
}, async () => {
  const { stdout, stderr } = await inRun(`${gatehouse} token --socket "$GATEHOUSE_SOCKET"`);
  expect(stderr).toBe("");
  const printed = success.parse(JSON.parse(stdout));
  expect(printed.expiration_time * 1000).toBeGreaterThan(Date.now());
});

test("a socket that is not there is told in the library's shape, with success as status when a library asks", {
  timeout: 60_000,
}, async () => {
  const missing = join(stage.folder, "nowhere", "helper.sock");
  const asked = await inRun(`GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE=x ${gatehouse} token --socket ${missing}`);
  expect([asked.status, asked.stderr]).toEqual([0, ""]);
  expect(failure.parse(JSON.parse(asked.stdout)).code).toBe("socket_foreign");
  const typed = await inRun(`${gatehouse} token --socket ${missing}`);
  expect(typed.status).toBe(1);
});

test("a credential file that sends tokens elsewhere gets none from the run's executable", {
  timeout: 60_000,
}, async () => {
  const { stdout } = await inRun(
    `GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE=//evil.example.com/v1/token ${gatehouse} token`,
  );
  expect(failure.parse(JSON.parse(stdout)).code).toBe("audience_unknown");
});

test("the run's socket and its folder are the owner's alone, and no name of it is abstract", {
  timeout: 60_000,
}, async () => {
  const { stdout } = await inRun(
    'stat -c %a "$GATEHOUSE_SOCKET" "$(dirname "$GATEHOUSE_SOCKET")"; grep -c "@.*gatehouse" /proc/net/unix; cat "$(dirname "$GATEHOUSE_SOCKET")"/credentials.json',
  );
  expect(stdout).toMatch(/^600\n700\n0\n/);
  expect(stdout).not.toMatch(/eyJ[\w-]+\./);
});

test.runIf(process.getuid?.() === 0)(
  "another user of this machine gets nothing from the socket",
  {
    timeout: 60_000,
  },
  async () => {
    const holder = stage.agent("sh", "-c", 'echo "socket:$GATEHOUSE_SOCKET:"; read go');
    const socket = await new Promise<string>((settle, fail) => {
      holder.process.stdout?.on("data", (chunk: Buffer) => {
        const found = /socket:(.*):/.exec(String(chunk))?.[1];
        if (found !== undefined) settle(found);
      });
      void holder.outcome.then(({ stderr }) => fail(new Error(stderr)));
    });
    const stranger = `process.setgroups([]); process.setgid(65534); process.setuid(65534); require("node:net").connect(${JSON.stringify(socket)}).on("error", (error) => console.log(error.code)).on("connect", () => console.log("in"))`;
    expect((await startChild([process.execPath, "-e", stranger]).outcome).stdout).toBe("EACCES\n");
    // Nor does a folder that was opened to others still count as the run's own.
    chmodSync(dirname(socket), 0o755);
    // As a script calls it outside of a run, where the variable is not set.
    const outside = await stage.gatehouse("token", "--socket", "");
    expect(outside.stdout).toContain("Name a run's socket with --socket");
    const opened = await stage.gatehouse("token", "--socket", socket);
    expect(failure.parse(JSON.parse(opened.stdout)).code).toBe("socket_foreign");
    holder.process.stdin?.end("go\n");
    await holder.outcome;
  },
);
