import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type QuickStart, type QuickStartOptions, startQuickStart } from "../../src/cli/local/quick-start.ts";
import { type AgentOf, agentOf, type Client, identityToken, type Reply } from "./test-agent.ts";

const root = resolve(import.meta.dirname, "../..");

/** A whole Gatehouse with practice cloud and identity provider, on loopback, in a folder of its own. */
export interface World {
  readonly quickStart: QuickStart;
  readonly folder: string;
  readonly data: string;
  /** A copy of the shipped policies that a test may edit. */
  readonly policies: string;
  /** An ID token of the development identity provider. */
  identityToken(person: string, client?: Client): Promise<string>;
  agent(person?: string): Promise<AgentOf>;
  /** Calls the control plane. */
  control(method: string, path: string, token?: string, json?: unknown): Promise<Reply>;
  close(): Promise<void>;
}

export async function startWorld(change: Partial<QuickStartOptions> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-world-"));
  const policies = join(folder, "policies");
  cpSync(join(root, "quick-start/policies"), policies, { recursive: true });
  const quickStart = await startQuickStart({
    data: join(folder, "data"),
    policies: [policies],
    masking: [join(root, "quick-start/masking")],
    ports: { control: 0, proxy: 0, provider: 0, cloud: 0 },
    operationMs: 0,
    isQuiet: true,
    ...change,
  });
  const { controlUrl } = quickStart.server;
  return {
    quickStart,
    folder,
    data: join(folder, "data"),
    policies,
    identityToken: (person, client = "gatehouse-agent") => identityToken(controlUrl, person, client),
    agent: (person = "developer@example.com") => agentOf(controlUrl, person),
    control: (method, path, token, json) => controlCall(`${controlUrl}${path}`, method, token, json),
    close: async () => {
      await quickStart.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function controlCall(url: string, method: string, token?: string, json?: unknown): Promise<Reply> {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
}
