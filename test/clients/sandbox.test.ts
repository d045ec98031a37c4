import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningCommand, type Stage, setStage } from "../../src/cli/local/demo/stage.ts";
import { installed } from "./installed.ts";

// A real sandbox without any network: the kernel's own, with loopback down. Unix sockets by path are all that is left.
const unshare = installed("unshare");
const canUnshare = unshare !== undefined && spawnSync(unshare, ["--net", "true"]).status === 0;
if (!canUnshare) console.log("skipped: this machine gives no network namespaces");

describe.skipIf(!canUnshare)("a shell that reaches no network and no loopback", () => {
  let stage: Stage;
  let service: RunningCommand;
  beforeAll(async () => {
    stage = await setStage({ isGcloudAllowed: false });
    service = stage.start("agent", "start", "--as", "developer@example.com");
    const { stderr } = service.process;
    if (stderr === null) throw new Error("no standard error");
    for (let said = ""; !said.includes("is ready at"); ) said += String((await once(stderr, "data"))[0]);
  });
  afterAll(async () => {
    service.process.kill("SIGTERM");
    await service.outcome;
    await stage.close();
  });

  const inSandbox = (...words: string[]) => stage.startIn([unshare ?? "", "--net"], ...words).outcome;

  test("gets a run and a token from the helper service, and is told where it is", async () => {
    const script =
      'cat "$GOOGLE_APPLICATION_CREDENTIALS"; eval "$(sed -n "s/^exec //p" "$(dirname "$GATEHOUSE_SOCKET")/token")"';
    const { status, stdout, stderr } = await inSandbox("run", "--", "sh", "-c", script);
    expect(status, stderr).toBe(0);
    expect(stderr).toContain("it is in a sandbox");
    expect(stdout).toContain('"external_account"');
    expect(stdout).toMatch(/"success":true,"token_type":"[^"]+","id_token":"eyJ/);
  });
});
