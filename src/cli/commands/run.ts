import { rmSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { runChild } from "#agent";
import { GatehouseError } from "#lib/errors";
import type { CommandTools } from "../command-tools.ts";
import { environmentChanges, shellLines } from "../environment-changes.ts";
import { openRun, parseRunOptions } from "../run-session.ts";
import type { Settings } from "../settings.ts";

export function addRunCommands(program: Command, tools: CommandTools): void {
  withRunOptions(tools.add(program, "run", "run a command whose calls to Google go through Gatehouse"))
    .argument("<command...>", "the command and its arguments, after --")
    .passThroughOptions()
    .usage("[options] -- COMMAND [ARGUMENT...]")
    .action(tools.action(run))
    .addHelpText("after", runExamples);
  withRunOptions(
    tools.add(program, "env", "keep a helper open and print the environment that leads to it, until Ctrl-C"),
  )
    .option("--shell", "as `export` lines (the default)")
    .option("--output <file>", "write it to this file, readable by you alone, instead of printing it")
    .action(tools.action(env))
    .addHelpText("after", envExamples);
}

const runExamples = `
Examples:
  gatehouse run -- gcloud projects list
  gatehouse run --project my-project -- terraform plan
  gatehouse run --as developer@example.com -- bash       (development identity provider)`;

const envExamples = `
Every variable belongs to this helper and is worth nothing without it: prefer \`gatehouse run\`.

Example, in two terminals:
  gatehouse env --output ~/gatehouse.env
  . ~/gatehouse.env && gcloud projects list`;

function withRunOptions(command: Command): Command {
  return command
    .option("--agent <name>", "what the agent calls itself in the record")
    .option("--connection <name>", "the connection to use, where several fit")
    .option("--project <id>", "Google Cloud project, instead of the one of your gcloud configuration")
    .option("--as <email>", "a person of the development identity provider");
}

const words = z.tuple([z.string()], z.string());

async function run(settings: Settings, command: Command): Promise<number> {
  const child = words.parse(command.args);
  const helper = await openRun(settings, parseRunOptions(command.opts()));
  try {
    return await runChild({
      command: child,
      environment: helper.environment,
      sharesTerminal: settings.terminal.isInteractive,
    });
  } finally {
    await helper.close();
  }
}

const envOptions = z.object({ shell: z.boolean().optional(), output: z.string().optional() });

async function env(settings: Settings, command: Command): Promise<void> {
  const { shell, output } = envOptions.parse(command.opts());
  if (shell === true && settings.isJson) {
    throw new GatehouseError("usage_invalid", "Choose one of --shell and --json.");
  }
  const helper = await openRun(settings, parseRunOptions(command.opts()));
  try {
    const changes = environmentChanges(settings.terminal.environment, helper.environment);
    const text = settings.isJson ? JSON.stringify(changes) : shellLines(changes);
    if (output === undefined) {
      settings.terminal.out(text);
      await holdOpen(settings);
      return;
    }
    writePrivately(output, text);
    try {
      await holdOpen(settings);
    } finally {
      rmSync(output, { force: true });
    }
  } finally {
    await helper.close();
  }
}

function holdOpen({ terminal }: Settings): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
    terminal.err("gatehouse: the helper is open. Ctrl-C closes it and ends what uses it.");
  });
}

/** A file that was there before could be a link, or open to others: only a new one will do. */
function writePrivately(file: string, text: string): void {
  try {
    writeFileSync(file, `${text}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    throw new GatehouseError(
      "usage_invalid",
      `Cannot create ${file}. --output takes a file that does not exist yet, in a folder you can write to.`,
      { cause },
    );
  }
}
