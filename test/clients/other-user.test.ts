import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Stage, setStage } from "../../src/cli/local/demo/stage.ts";
import { installed } from "./installed.ts";

const hasTools = installed("setpriv") !== undefined && installed("curl") !== undefined;
const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log("skipped: only root can act as another user");

describe.skipIf(!hasTools || !isRoot)("another user of the machine", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage({ isGcloudAllowed: false });
  });
  afterAll(() => stage.close());

  // 65534 is "nobody" on every Linux.
  const asNobody = "setpriv --reuid 65534 --clear-groups curl -s -S -m 5";
  const metadata =
    '-H "Metadata-Flavor: Google" "http://$GCE_METADATA_HOST/computeMetadata/v1/instance/service-accounts/default/token"';

  test("gets no token from a run's metadata server, while the run's own user does", async () => {
    const { stdout, stderr } = await stage.agent(
      "sh",
      "-c",
      `curl -s -m 5 ${metadata}; echo; echo ---; ${asNobody} ${metadata}; echo status $?`,
    ).outcome;
    const [own, foreign] = stdout.split("---");
    expect(own).toContain("access_token");
    expect(foreign).not.toContain("access_token");
    expect(foreign, stderr).toMatch(/status (?!0\b)\d+/);
  });

  test("gets nothing through a run's proxy, even with its nonce", async () => {
    const url = "https://cloudresourcemanager.googleapis.com/v1/projects";
    const { stdout } = await stage.agent(
      "sh",
      "-c",
      `${asNobody} --proxy "$HTTPS_PROXY" ${url}; echo status $?`,
    ).outcome;
    expect(stdout).toMatch(/status (?!0\b)\d+/);
    expect(stage.quickStart.cloud.count({ path: "/v1/projects" })).toBe(0);
  });
});
