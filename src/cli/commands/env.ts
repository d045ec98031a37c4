import { rmSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { CommandTools } from "../command-tools.ts";
import { environmentChanges, shellLines } from "../environment-changes.ts";
import { openRun, parseRunOptions } from "../run-session.ts";
import { environmentOf } from "../run-way.ts";
import type { Settings } from "../settings.ts";
import { staticOptions, writeStatic } from "../static-environment.ts";
import { wayOptions, withRunOptions } from "./run.ts";

export function addEnvCommand(program: Command, tools: CommandTools): void {
  withRunOptions(
    tools.add(program, "env", "keep a helper open and print the environment that leads to it, until Ctrl-C"),
  )
    .option("--shell", "as `export` lines (the default)")
    .option("--output <file>", "write it to this file, readable by you alone, instead of printing it")
    .option(
      "--socket",
      "tokens over a Unix socket and calls straight to the gateway, for sandboxes without loopback",
    )
    .option(
      "--universe",
      "tokens over a Unix socket, and calls under the gateway's universe domain, which must be configured",
    )
    .option("--write <folder>", "no helper: write files for CI there, which hold no secret, and end")
    .option("--github-actions", "with --write: tokens of a GitHub Actions job (found by itself inside one)")
    .option("--token-file <path>", "with --write: the workload's token is in this file, as in Kubernetes")
    .option("--token-url <url>", "with --write: the workload's token is read from this address")
    .option("--token-field <name>", "with --token-url: the member of its JSON that holds the token")
    .option("--audience <audience>", "with --github-actions: whom tokens are for (the server's address)")
    .action(tools.action(env))
    .addHelpText("after", examples);
}

const examples = `
Every variable belongs to this helper and is worth nothing without it: prefer \`gatehouse run\`. With --write there is no
helper; see docs/ways-in.md for what each way is good for.

Examples, the first in two terminals:
  gatehouse env --output ~/gatehouse.env
  . ~/gatehouse.env && gcloud projects list
  gatehouse env --write gatehouse --token-file /var/run/secrets/gatehouse/token
  cat gatehouse/github.env >> "$GITHUB_ENV"`;

const envOptions = z.object({
  shell: z.boolean().optional(),
  output: z.string().optional(),
  write: z.string().min(1).optional(),
});

async function env(settings: Settings, command: Command): Promise<void> {
  const given = command.opts();
  const { shell, output, write } = envOptions.parse(given);
  const way = wayOptions.parse(given);
  if (shell === true && settings.isJson) {
    throw new GatehouseError("usage_invalid", "Choose one of --shell and --json.");
  }
  refuseOfOtherWay(given, write === undefined);
  if (write !== undefined) {
    const { project } = parseRunOptions(given);
    return writeStatic(settings, write, { ...staticOptions.parse(given), ...way, project });
  }
  const run = await openRun(settings, parseRunOptions(given));
  try {
    const environment = await environmentOf(run, way, settings);
    const changes = environmentChanges(settings.terminal.environment, environment);
    await show(settings, settings.isJson ? printableJson(changes) : shellLines(changes), output);
  } finally {
    await run.close();
  }
}

/** What is given and would do nothing must not pass for done. */
function refuseOfOtherWay(given: Readonly<Record<string, unknown>>, opensHelper: boolean): void {
  const isGiven = (name: string): boolean => given[name] !== undefined && given[name] !== false;
  if (opensHelper && ["githubActions", "tokenFile", "tokenUrl", "tokenField", "audience"].some(isGiven)) {
    throw new GatehouseError(
      "usage_invalid",
      "--token-file, --token-url, --token-field, --github-actions and --audience go with --write FOLDER.",
    );
  }
  if (!opensHelper && ["output", "shell", "agent", "as", "connection"].some(isGiven)) {
    throw new GatehouseError(
      "usage_invalid",
      "--output, --shell, --agent, --as and --connection do not go with --write.",
    );
  }
}

async function show(settings: Settings, text: string, output: string | undefined): Promise<void> {
  if (output === undefined) {
    settings.terminal.out(text);
    return holdOpen(settings);
  }
  writePrivately(output, text);
  try {
    await holdOpen(settings);
  } finally {
    rmSync(output, { force: true });
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
