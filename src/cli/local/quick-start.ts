import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import {
  type Configuration,
  type ConnectionConfiguration,
  configurationSchema,
  type SinkConfiguration,
  type UniverseConfiguration,
} from "#config";
import { type PracticeCloud, startPracticeCloud } from "#practice/cloud";
import { type IdentityProvider, startIdentityProvider } from "#practice/identity-provider";
import { type RunningServer, startServer } from "../../composition/server.ts";

/** What the quick start brings up: everything on loopback, nothing else needed. */
export interface QuickStart {
  readonly cloud: PracticeCloud;
  readonly provider: IdentityProvider;
  readonly server: RunningServer;
  /** The service-account key file the gateway reads; replace it to rotate. */
  readonly keyFile: string;
  close(): Promise<void>;
}

export interface QuickStartOptions {
  /** Folder for database, keys and `server.json`. */
  readonly data: string;
  readonly policies: readonly string[];
  readonly masking: readonly string[];
  /** Preferred ports; 0 or a taken one means any. */
  readonly ports: {
    readonly control: number;
    readonly proxy: number;
    readonly provider: number;
    readonly cloud: number;
  };
  /** How long the practice cloud's long-running operations take. */
  readonly operationMs: number;
  /** Connections besides the one to the practice cloud. */
  readonly connections?: readonly ConnectionConfiguration[];
  /** Of the audit log. */
  readonly witnesses?: Configuration["witnesses"];
  readonly archive?: Configuration["archive"];
  readonly sinks?: readonly SinkConfiguration[];
  readonly metrics?: Configuration["metrics"];
  readonly universe?: UniverseConfiguration;
  /** Who can sign in at the development provider, instead of those it knows by itself. */
  readonly people?: Parameters<typeof startIdentityProvider>[0]["people"];
  readonly isQuiet: boolean;
}

export async function startQuickStart(options: QuickStartOptions): Promise<QuickStart> {
  const ports = await choosePorts(options.ports);
  const keyFile = join(options.data, "practice", "upstream-key.json");
  mkdirSync(join(options.data, "practice"), { recursive: true, mode: 0o700 });
  const cloud = await startPracticeCloud({
    host: "127.0.0.1",
    port: ports.cloud,
    operationMs: options.operationMs,
  });
  const provider = await startIdentityProvider({
    host: "127.0.0.1",
    port: ports.provider,
    webRedirectUris: [`http://127.0.0.1:${ports.control}/sign-in/callback`],
    webSignedOutUris: [`http://127.0.0.1:${ports.control}/signed-out`],
    stateFile: join(options.data, "practice", "identity-provider.json"),
    ...(options.people === undefined ? {} : { people: options.people }),
  });
  writeFileSync(keyFile, JSON.stringify(await cloud.issueKey()), { mode: 0o600 });
  const closeSurroundings = () => Promise.all([cloud.close(), provider.close()]);
  const server = await startServer(
    quickStartConfiguration({ options, issuer: provider.issuer, upstream: cloud.url, ports, keyFile }),
    { isQuiet: options.isQuiet },
  ).catch(async (error: unknown) => {
    await closeSurroundings();
    throw error;
  });
  writeFileSync(join(options.data, "server.json"), `${JSON.stringify({ controlUrl: server.controlUrl })}\n`);
  return {
    cloud,
    provider,
    server,
    keyFile,
    close: async () => {
      await server.close();
      await closeSurroundings();
    },
  };
}

type Ports = QuickStartOptions["ports"];

/** A taken port is no reason to fail a first try: another one serves, and the printed addresses say which. */
async function choosePorts(wanted: Ports): Promise<Ports> {
  return {
    control: await freePort(wanted.control),
    proxy: await freePort(wanted.proxy),
    provider: await freePort(wanted.provider),
    cloud: await freePort(wanted.cloud),
  };
}

async function freePort(wanted: number): Promise<number> {
  const port = wanted === 0 ? randomInt(lowestPort, highestPort) : wanted;
  const probe = createServer();
  try {
    probe.listen(port, "127.0.0.1");
    await once(probe, "listening");
    return port;
  } catch {
    return await freePort(0);
  } finally {
    probe.close();
  }
}

// Below what systems hand out to whoever asks for any port (Linux begins at 32768): between the probe and its use nobody
// else is given it.
const lowestPort = 20_000;
const highestPort = 32_000;

interface Surroundings {
  readonly options: QuickStartOptions;
  readonly issuer: string;
  readonly upstream: string;
  readonly ports: Ports;
  readonly keyFile: string;
}

/** The same shape an operator writes in gatehouse.yaml, so that the quick start is no special case of the server. */
function quickStartConfiguration({ options, issuer, upstream, ports, keyFile }: Surroundings): Configuration {
  return configurationSchema.parse({
    data: options.data,
    control: { port: ports.control },
    proxy: { port: ports.proxy },
    universe: options.universe,
    identity: {
      issuers: [
        {
          issuer,
          agent_client: "gatehouse-agent",
          console_client: "gatehouse-console",
          web_client: "gatehouse-web",
          development: true,
        },
      ],
      roles: {
        "agent-user": ["engineering"],
        approver: ["sre"],
        auditor: ["audit"],
        "policy-admin": ["platform"],
      },
    },
    connections: [
      {
        name: "practice",
        identity: { kind: "key_file", path: keyFile },
        endpoint: upstream,
        groups: ["engineering"],
      },
      ...(options.connections ?? []),
    ],
    policies: options.policies,
    masking: options.masking,
    witnesses: options.witnesses,
    archive: options.archive,
    sinks: options.sinks,
    metrics: options.metrics,
    protected: ["gatehouse@practice-project.iam.gserviceaccount.com"],
  });
}
