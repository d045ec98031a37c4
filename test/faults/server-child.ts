import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type PracticeCloud, startPracticeCloud } from "#practice/cloud";
import { type IdentityProvider, startIdentityProvider } from "#practice/identity-provider";
import { freePort } from "../fakes/port.ts";

const root = resolve(import.meta.dirname, "../..");

/** A real `gatehouse serve` in a process of its own, to be killed; what it talks to lives on in this one. */
export interface ServerChild {
  readonly cloud: PracticeCloud;
  readonly provider: IdentityProvider;
  readonly controlUrl: string;
  readonly data: string;
  readonly config: string;
  readonly policies: string;
  /** Starts the server, as an argument of the command `under` if there is one; resolves once it says it is up, or with its exit status and words if it refuses. */
  start(
    under?: readonly string[],
  ): Promise<{ kind: "up"; process: ChildProcess } | { kind: "ended"; status: number; said: string }>;
  close(): Promise<void>;
}

/** `more` is added to the configuration. */
export async function prepareServer(more = ""): Promise<ServerChild> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-server-"));
  const data = join(folder, "data");
  const policies = join(folder, "policies");
  cpSync(join(root, "quick-start/policies"), policies, { recursive: true });
  const [control, proxy] = [await freePort(), await freePort()];
  const controlUrl = `http://127.0.0.1:${control}`;
  const cloud = await startPracticeCloud({ operationMs: 0 });
  const provider = await startIdentityProvider({ webRedirectUris: [`${controlUrl}/sign-in/callback`] });
  const keyFile = join(folder, "key.json");
  writeFileSync(keyFile, JSON.stringify(await cloud.issueKey()), { mode: 0o600 });
  const config = join(folder, "gatehouse.yaml");
  writeFileSync(
    config,
    `${configuration({ control, proxy, issuer: provider.issuer, keyFile, endpoint: cloud.url })}${more}\n`,
  );
  let running: ChildProcess | undefined;
  return {
    cloud,
    provider,
    controlUrl,
    data,
    config,
    policies,
    start: async (under = []) => {
      const words = [process.execPath, join(root, "bin/gatehouse.mjs"), "serve", "--config", config];
      const [program = process.execPath, ...rest] = [...under, ...words];
      const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
      running = child;
      return untilUp(child);
    },
    close: async () => {
      if (running !== undefined && running.exitCode === null && running.signalCode === null) {
        running.kill("SIGKILL");
        await once(running, "exit");
      }
      await Promise.all([cloud.close(), provider.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function untilUp(child: ChildProcess): ReturnType<ServerChild["start"]> {
  return new Promise((resolve) => {
    let said = "";
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes("Gatehouse is up")) resolve({ kind: "up", process: child });
    };
    child.stdout?.on("data", listen);
    child.stderr?.on("data", listen);
    child.on("close", (status) => resolve({ kind: "ended", status: status ?? -1, said }));
  });
}

function configuration(of: {
  control: number;
  proxy: number;
  issuer: string;
  keyFile: string;
  endpoint: string;
}): string {
  return `
control: { port: ${of.control} }
proxy: { port: ${of.proxy} }
identity:
  issuers:
    - issuer: ${of.issuer}
      agent_client: gatehouse-agent
      console_client: gatehouse-console
      web_client: gatehouse-web
      development: true
  roles: { agent-user: [engineering], approver: [sre], auditor: [audit], policy-admin: [platform] }
connections:
  - { name: practice, identity: { kind: key_file, path: ${of.keyFile} }, endpoint: "${of.endpoint}" }
policies: [policies]
`;
}
