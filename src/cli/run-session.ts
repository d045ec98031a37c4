import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import {
  type Helper,
  joinService,
  type OpenRun,
  peerCheckOfThisSystem,
  relevantVariables,
  startHelper,
  TokenSource,
  tokenEndpoint,
} from "#agent";
import { GatehouseError, messageOf } from "#lib/errors";
import { printable } from "#lib/printable";
import { agentSignIn } from "./agent-sign-in.ts";
import { NotStarted } from "./failure.ts";
import { watchLog } from "./log-watch.ts";
import { loginFilePath, readLogin } from "./login-file.ts";
import { findServer, type Server, serverUrl } from "./server.ts";
import type { Settings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** Options of `run` and `env`. */
export const runOptions = z.object({
  agent: z.string().min(1).default("command-line"),
  connection: z.string().min(1).optional(),
  project: z
    .string()
    .regex(/^[a-z][a-z0-9.:-]*$/)
    .optional(),
  as: z.string().optional(),
});
export type RunOptions = z.infer<typeof runOptions>;

export function parseRunOptions(given: unknown): RunOptions {
  const parsed = runOptions.safeParse(given);
  if (parsed.success) return parsed.data;
  const name = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new GatehouseError("usage_invalid", `The value of --${name} is not one that Gatehouse understands.`);
}

/** Where this person's helper service listens, if it runs. */
export function serviceSocketPath(environment: NodeJS.ProcessEnv): string {
  return join(dirname(loginFilePath(environment)), "agent", "agent.sock");
}

/**
 * A run by the person's helper service, if there is one for this server; otherwise by a helper within this process. When it
 * throws `NotStarted`, nothing runs and nothing is left.
 */
export async function openRun(settings: Settings, options: RunOptions): Promise<OpenRun> {
  try {
    return (await joinRun(settings, options)) ?? (await openHere(settings, options));
  } catch (cause) {
    throw new NotStarted("the run was not started", { cause });
  }
}

async function joinRun(settings: Settings, options: RunOptions): Promise<OpenRun | undefined> {
  const { environment } = settings.terminal;
  const url = serverUrl(settings, readLogin(environment));
  const wanted = { ...options, serverUrl: url, environment: relevantVariables(environment) };
  return joinService(serviceSocketPath(environment), wanted, noticeOf(settings));
}

async function openHere(settings: Settings, options: RunOptions): Promise<OpenRun> {
  const server = await findServer(settings);
  const { environment } = settings.terminal;
  sayWhoIsKeptOut(settings);
  return openHelper(settings, server, options, { environment, notice: noticeOf(settings) });
}

export interface HelperSurroundings {
  /** Of the command that the helper is for. */
  readonly environment: NodeJS.ProcessEnv;
  readonly notice: (sentence: string) => void;
  readonly onGatewayTunnel?: (() => void) | undefined;
}

/** Opens a session and starts a helper for it, in this process. */
export async function openHelper(
  { terminal }: Settings,
  server: Server,
  options: RunOptions,
  { environment, notice, onGatewayTunnel }: HelperSurroundings,
): Promise<OpenRun & Helper> {
  const { token, email } = await agentSignIn(server, options.as, terminal);
  const endpoint = tokenEndpoint({
    url: server.url,
    subjectToken: token,
    agent: options.agent,
    connection: options.connection,
  });
  const watch = watchLog(server, terminal);
  const tokens = await TokenSource.open({ endpoint, clock: terminal.clock, pause, watch });
  try {
    const helper = await startHelper({
      info: { ...server.info, controlUrl: server.url },
      tokens,
      account: email ?? "agent@gatehouse.invalid",
      project: options.project,
      environment,
      checkPeer: peerCheckOfThisSystem(),
      gatehouse: ownCommand(),
      onGatewayTunnel,
      notice,
    });
    return { ...helper, sessionId: tokens.sessionId, close: () => closeRun(helper, tokens, terminal) };
  } catch (error) {
    await endSession(tokens, terminal);
    throw error;
  }
}

/** First the ports: what still calls is a client that has gone away, as it would be without us. */
async function closeRun(helper: Helper, tokens: TokenSource, terminal: Terminal): Promise<void> {
  try {
    await helper.close();
  } finally {
    await endSession(tokens, terminal);
  }
}

/** A session that was not ended runs out by itself: no reason to hold up a command that is done, or to change its status. */
async function endSession(tokens: TokenSource, terminal: Terminal): Promise<void> {
  try {
    await tokens.end();
  } catch (error) {
    if (terminal.environment["GATEHOUSE_DEBUG"] !== "1") return;
    terminal.err(printable(`gatehouse: session ${tokens.sessionId} was not ended: ${messageOf(error)}`));
  }
}

export function sayWhoIsKeptOut({ terminal }: Settings): void {
  if (process.platform === "linux") return;
  terminal.err(
    "gatehouse: this system does not say who connects; other users of this machine are not kept out.",
  );
}

export function noticeOf({ terminal }: Settings): (sentence: string) => void {
  return (sentence) => terminal.err(`gatehouse: ${sentence}`);
}

/** How this very program was started, so that a script can start it again. */
export function ownCommand(): readonly string[] {
  return [process.execPath, ...process.argv.slice(1, 2)];
}
