import type { Command } from "commander";
import { z } from "zod";
import { runChild } from "#agent";
import type { CommandTools } from "../command-tools.ts";
import { openRun, parseRunOptions } from "../run-session.ts";
import { environmentOf } from "../run-way.ts";
import type { Settings } from "../settings.ts";

export function addRunCommand(program: Command, tools: CommandTools): void {
  withRunOptions(tools.add(program, "run", "run a command whose calls to Google go through Gatehouse"))
    .option(
      "--socket",
      "tokens over a Unix socket and calls straight to the gateway, for sandboxes without loopback",
    )
    .argument("<command...>", "the command and its arguments, after --")
    .passThroughOptions()
    .usage("[options] -- COMMAND [ARGUMENT...]")
    .action(tools.action(run))
    .addHelpText("after", examples);
}

const examples = `
Examples:
  gatehouse run -- gcloud projects list
  gatehouse run --project my-project -- terraform plan
  gatehouse run --as developer@example.com -- bash       (development identity provider)`;

export function withRunOptions(command: Command): Command {
  return command
    .option("--agent <name>", "what the agent calls itself in the record")
    .option("--connection <name>", "the connection to use, where several fit")
    .option("--project <id>", "Google Cloud project, instead of the one of your gcloud configuration")
    .option("--as <email>", "a person of the development identity provider");
}

const words = z.tuple([z.string()], z.string());
export const wayOptions = z.object({ socket: z.boolean().optional(), universe: z.boolean().optional() });

async function run(settings: Settings, command: Command): Promise<number> {
  const child = words.parse(command.args);
  const way = wayOptions.parse(command.opts());
  const opened = await openRun(settings, parseRunOptions(command.opts()));
  try {
    return await runChild({
      command: child,
      environment: await environmentOf(opened, way, settings),
      sharesTerminal: settings.terminal.isInteractive,
    });
  } finally {
    await opened.close();
  }
}
