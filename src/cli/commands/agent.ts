import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import {
  answersAt,
  createService,
  listenAt,
  readServiceStatus,
  removeStaleSocket,
  requirePrivateFolder,
  type Service,
  type ServiceStatus,
  stopService,
} from "#agent";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { agentSignIn } from "../agent-sign-in.ts";
import type { CommandTools } from "../command-tools.ts";
import { exitCodes } from "../exit-codes.ts";
import { withLock } from "../file-lock.ts";
import { readLogin } from "../login-file.ts";
import { openHelper, ownCommand, sayWhoIsKeptOut, serviceSocketPath } from "../run-session.ts";
import { findServer, type Server, serverUrl } from "../server.ts";
import type { Settings } from "../settings.ts";
import { facts, moment, table } from "../text.ts";

export function addAgentCommands(program: Command, tools: CommandTools): void {
  const agent = tools.add(
    program,
    "agent",
    "the helper as a service: opens runs for commands, sandboxed ones too",
  );
  agent.addHelpText("afterAll", examples);
  tools
    .add(agent, "start", "start the service in the foreground, as systemd and launchd want it")
    .option("--detach", "in the background, until `gatehouse agent stop`")
    .option("--as <email>", "a person of the development identity provider, for runs that name none")
    .action(tools.action(start));
  tools.add(agent, "status", "say whether it runs, and for whom").action(tools.action(status));
  tools.add(agent, "stop", "end it, and every run it has open").action(tools.action(stop));
}

const examples = `
\`gatehouse run\` works without it. With it, runs come from one process that stays signed in, and a command in a sandbox that
reaches neither the network nor loopback gets its run over a Unix socket that only you can open.

Examples:
  gatehouse agent start --detach
  gatehouse agent status
  gatehouse agent stop`;

const startOptions = z.object({ detach: z.boolean().default(false), as: z.string().optional() });
type StartOptions = z.infer<typeof startOptions>;

async function start(settings: Settings, command: Command): Promise<number> {
  const options = startOptions.parse(command.opts());
  const path = serviceSocketPath(settings.terminal.environment);
  if (options.detach) return detach(settings, path);
  const server = await findServer(settings);
  // Now, while somebody reads what is said, rather than at the first command.
  await agentSignIn(server, options.as, settings.terminal);
  sayWhoIsKeptOut(settings);
  const stopped = Promise.withResolvers<void>();
  const service = serviceFor(settings, server, options, () => stopped.resolve());
  await listen(service, path);
  try {
    settings.terminal.err(`gatehouse: the helper service for ${server.url} is ready at ${path}.`);
    await Promise.race([untilSignal(), stopped.promise]);
  } finally {
    // Before the runs end: whoever starts one now gets a helper of their own.
    rmSync(path, { force: true });
    await service.close();
  }
  return exitCodes.ok;
}

function serviceFor(settings: Settings, server: Server, { as }: StartOptions, onStop: () => void): Service {
  return createService({
    serverUrl: server.url,
    clock: settings.terminal.clock,
    onStop,
    open: ({ environment, ...wanted }, notice) =>
      openHelper(settings, server, { ...wanted, as: wanted.as ?? as }, { environment, notice }),
  });
}

/** One service for a person. What a killed one left is replaced; a living one stays. */
async function listen({ server }: Service, path: string): Promise<void> {
  requirePrivateFolder(dirname(path));
  await withLock(`${path}.lock`, async () => {
    if (await answersAt(path)) {
      throw new GatehouseError(
        "already_running",
        "The helper service is running. See `gatehouse agent status`.",
      );
    }
    removeStaleSocket(path);
    await listenAt(server, path);
  });
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
}

/** Starts this command again without --detach, and returns once the service answers or has said why it does not. */
async function detach(settings: Settings, path: string): Promise<number> {
  const { terminal } = settings;
  const { environment } = terminal;
  // The service leaves this folder, and with it what the folder says about a server.
  const url = serverUrl(settings, readLogin(environment));
  const [program = process.execPath, ...script] = ownCommand();
  const words = process.argv.slice(2).filter((word) => word !== "--detach");
  const child = spawn(program, [...script, ...words], {
    env: { ...environment, GATEHOUSE_URL: url },
    cwd: "/",
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said: string[] = [];
  child.stderr.setEncoding("utf8");
  const ready = new Promise<"ready">((resolve) => {
    child.stderr.on("data", (text: string) => {
      said.push(text);
      if (said.join("").includes("is ready at")) resolve("ready");
    });
  });
  const outcome = await Promise.race([ready, once(child, "close"), once(child, "error")]);
  terminal.err(said.join("").trimEnd());
  if (outcome !== "ready") return exitCodes.failed;
  child.stderr.destroy();
  child.unref();
  terminal.out(`The helper service runs in the background (process ${child.pid ?? 0}), at ${path}.`);
  return exitCodes.ok;
}

async function status(settings: Settings): Promise<number> {
  const found = await readServiceStatus(serviceSocketPath(settings.terminal.environment));
  if (found === undefined) return absent(settings);
  if (settings.isJson) settings.terminal.out(printableJson({ running: true, ...found }));
  else settings.terminal.out(describe(found));
  return exitCodes.ok;
}

async function stop(settings: Settings): Promise<number> {
  const found = await stopService(serviceSocketPath(settings.terminal.environment));
  if (found === undefined) return absent(settings);
  if (settings.isJson) settings.terminal.out(printableJson({ stopped: true, ...found }));
  else settings.terminal.out(`Stopped; ${found.runs.length} runs ended with it.`);
  return exitCodes.ok;
}

function absent({ terminal, isJson }: Settings): number {
  terminal.out(
    isJson
      ? printableJson({ running: false })
      : "The helper service is not running. Start it: gatehouse agent start --detach",
  );
  return exitCodes.failed;
}

function describe({ pid, serverUrl, startedAt, runs }: ServiceStatus): string {
  const head = facts([
    ["Process", String(pid)],
    ["Server", serverUrl],
    ["Since", moment(startedAt)],
    ["Runs", String(runs.length)],
  ]);
  if (runs.length === 0) return head;
  const rows = runs.map(({ agent, sessionId, openedAt }) => [agent, sessionId, moment(openedAt)]);
  return `${head}\n\n${table(["AGENT", "SESSION", "OPENED"], rows)}`;
}
