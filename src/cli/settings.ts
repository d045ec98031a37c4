import { type Command, Option } from "commander";
import { z } from "zod";
import type { Terminal } from "./terminal.ts";

/** What the global options say. They may stand before or after the command's name. */
export interface Settings {
  readonly terminal: Terminal;
  readonly url: string | undefined;
  readonly isJson: boolean;
  readonly isColoured: boolean;
}

const globalOptions = [
  { name: "url", flags: "--url <url>", description: "Gatehouse server (or GATEHOUSE_URL)" },
  { name: "json", flags: "--json", description: "machine-readable output" },
  { name: "color", flags: "--no-color", description: "no colours (or NO_COLOR)" },
];

/**
 * Gives the program and every command below it the global options, since nobody remembers where they belong. What a
 * command's own line says is moved up to the program before the command acts: there is one place to ask.
 */
export function addGlobalOptions(program: Command): void {
  addTo(program);
  program.hook("preAction", (_, acting) => {
    for (let level: Command | null = acting; level !== null; level = level.parent) moveUp(level, program);
  });
}

function addTo(command: Command): void {
  for (const { flags, description } of globalOptions) {
    const option = new Option(flags, description);
    const isTaken = command.options.some(({ long }) => long === option.long);
    if (!isTaken) command.addOption(option);
  }
  for (const inner of command.commands) addTo(inner);
}

/** The innermost comes first and wins. A default is no answer. */
function moveUp(command: Command, program: Command): void {
  for (const { name } of globalOptions) {
    const isGiven = command.getOptionValueSource(name) === "cli";
    if (!isGiven || program.getOptionValueSource(name) === "moved up") continue;
    program.setOptionValueWithSource(name, command.getOptionValue(name), "moved up");
  }
}

const given = z.object({ url: z.string().optional(), json: z.boolean().optional(), color: z.boolean() });

/** Reads the global options from the program of any of its commands. */
export function readSettings(command: Command, terminal: Terminal): Settings {
  const { url, json, color } = given.parse(rootOf(command).opts());
  const hasNoColor = (terminal.environment["NO_COLOR"] ?? "") !== "";
  return {
    terminal,
    url,
    isJson: json ?? false,
    isColoured: terminal.isColourful && color && !hasNoColor,
  };
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}
