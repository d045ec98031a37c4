import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { type Helper, peerCheckOfThisSystem, startHelper, TokenSource, tokenEndpoint } from "#agent";
import { GatehouseError } from "#lib/errors";
import { agentSignIn } from "./agent-sign-in.ts";
import { NotStarted } from "./failure.ts";
import { watchLog } from "./log-watch.ts";
import { findServer } from "./server.ts";
import type { Settings } from "./settings.ts";

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

/** Opens a session and starts a helper for it. When it throws `NotStarted`, nothing runs and nothing is left. */
export async function openRun(
  settings: Settings,
  options: RunOptions,
  onGatewayTunnel?: () => void,
): Promise<Helper> {
  try {
    return await open(settings, options, onGatewayTunnel);
  } catch (cause) {
    throw new NotStarted("the run was not started", { cause });
  }
}

async function open(
  settings: Settings,
  options: RunOptions,
  onGatewayTunnel: (() => void) | undefined,
): Promise<Helper> {
  const { terminal } = settings;
  const server = await findServer(settings);
  const { token, email } = await agentSignIn(server, options.as, terminal);
  const endpoint = tokenEndpoint({
    url: server.url,
    subjectToken: token,
    agent: options.agent,
    connection: options.connection,
  });
  const watch = watchLog(server, terminal);
  const tokens = await TokenSource.open({ endpoint, clock: terminal.clock, pause, watch });
  const checkPeer = peerCheckOfThisSystem();
  if (process.platform !== "linux") {
    terminal.err(
      "gatehouse: this system does not say who connects; other users of this machine are not kept out.",
    );
  }
  return startHelper({
    info: { ...server.info, controlUrl: server.url },
    tokens,
    account: email ?? "agent@gatehouse.invalid",
    project: options.project,
    environment: terminal.environment,
    checkPeer,
    onGatewayTunnel,
    notice: (sentence) => terminal.err(`gatehouse: ${sentence}`),
  });
}
