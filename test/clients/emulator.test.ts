import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configurationSchema } from "#config";
import { type Stage, setStage } from "../../src/cli/local/demo/stage.ts";
import { installed, installedInSdk } from "./installed.ts";

const gcloud = installed("gcloud");
const emulator = installedInSdk(gcloud, "platform/pubsub-emulator/bin/cloud-pubsub-emulator");

describe.skipIf(emulator === undefined)("Google's Pub/Sub emulator as upstream", () => {
  let child: ChildProcess;
  let stage: Stage;
  beforeAll(async () => {
    const port = await portBelowEphemeral();
    // Its own process group: the wrapper script leaves its Java child behind when killed alone.
    child = spawn(emulator ?? "", ["--host=127.0.0.1", `--port=${port}`], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    await started(child);
    const connections = configurationSchema.shape.connections.parse([
      {
        name: "emulator",
        identity: { kind: "none" },
        endpoint: `http://127.0.0.1:${port}`,
        hosts: ["pubsub.googleapis.com"],
      },
    ]);
    stage = await setStage({
      isGcloudAllowed: true,
      policies: [join(import.meta.dirname, "policies")],
      connections,
    });
  });
  afterAll(async () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await stage.close();
  });

  const pubsub = async (...command: string[]): Promise<string> => {
    const outcome = await stage.agentWith(
      ["--connection", "emulator"],
      "gcloud",
      "pubsub",
      "topics",
      ...command,
    ).outcome;
    expect(outcome.status, `${outcome.stdout}\n${outcome.stderr}`).toBe(0);
    return `${outcome.stdout}${outcome.stderr}`;
  };

  test("gcloud pubsub topics create, publish, list, delete", async () => {
    expect(await pubsub("create", "orders")).toContain("orders");
    expect(await pubsub("publish", "orders", "--message=hello")).toMatch(/messageIds/);
    expect(await pubsub("list")).toContain("topics/orders");
    expect(await pubsub("delete", "orders")).toContain("orders");
    expect(await pubsub("list")).not.toContain("topics/orders");
  });
});

/** Waiting for a port of the ephemeral range can connect to itself; the emulator says when it is ready instead. */
async function started(process: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let said = "";
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes("Server started")) resolve();
    };
    process.stdout?.on("data", listen);
    process.stderr?.on("data", listen);
    process.on("exit", () => reject(new Error(`the emulator ended: ${said}`)));
  });
}

async function portBelowEphemeral(): Promise<number> {
  for (let port = 21_000; port < 21_100; port += 1) {
    const probe = createServer();
    try {
      probe.listen(port, "127.0.0.1");
      await once(probe, "listening");
      return port;
    } catch {
      // Taken: try the next.
    } finally {
      probe.close();
    }
  }
  throw new Error("no free port between 21000 and 21100");
}
