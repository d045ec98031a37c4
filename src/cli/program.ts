import { Command, Help, type Option } from "commander";
import { type CommandTools, commandTools } from "./command-tools.ts";
import { addAgentCommands } from "./commands/agent.ts";
import { addApprovalCommands } from "./commands/approvals.ts";
import { addCompletionCommand } from "./commands/completion.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addEnvCommand } from "./commands/env.ts";
import { addRunCommand } from "./commands/run.ts";
import { addSessionCommands } from "./commands/sessions.ts";
import { addSignInCommands } from "./commands/sign-in.ts";
import { addSinkCommands } from "./commands/sinks.ts";
import { addTokenCommand } from "./commands/token.ts";
import { addWaitCommand } from "./commands/wait.ts";
import { exitCodes, exitCodeTable } from "./exit-codes.ts";
import { reportFailure } from "./failure.ts";
import { addGlobalOptions } from "./settings.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { table } from "./text.ts";

export interface ProgramParts {
  readonly version: string;
  /** Commands that run modules in this process; `main.ts` knows them. They come first in help. */
  readonly localCommands: readonly ((program: Command, tools: CommandTools) => void)[];
}

const helpColumns = 100;

/** The whole command line. `tools` carries the terminal and takes the exit status. */
export function buildProgram(parts: ProgramParts, tools: CommandTools): Command {
  const { terminal } = tools;
  const program = new Command("gatehouse")
    .description("A gateway between AI agents and Google Cloud: who asked, what for, who said so, on record.")
    .version(parts.version)
    .enablePositionalOptions()
    .showHelpAfterError("Run with --help for what there is.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
      // The same on every terminal, so that what is documented is what is seen.
      getOutHelpWidth: () => helpColumns,
      getErrHelpWidth: () => helpColumns,
      outputError: (text, write) => write(text.replace(/^error: /, "gatehouse: ")),
    })
    .configureHelp({ sortOptions: true, optionDescription })
    .addHelpText("after", epilogue());
  for (const add of parts.localCommands) add(program, tools);
  addRunCommand(program, tools);
  addEnvCommand(program, tools);
  addAgentCommands(program, tools);
  addSignInCommands(program, tools);
  addDoctorCommand(program, tools);
  addTokenCommand(program, tools);
  addWaitCommand(program, tools);
  addApprovalCommands(program, tools);
  addSessionCommands(program, tools);
  addSinkCommands(program, tools);
  addCompletionCommand(program, tools);
  addGlobalOptions(program);
  return program;
}

/** That an option which may be repeated begins with none needs no words. */
function optionDescription(option: Option): string {
  const value: unknown = option.defaultValue;
  const isEmptyList = Array.isArray(value) && value.length === 0;
  return isEmptyList ? option.description : new Help().optionDescription(option);
}

function epilogue(): string {
  const codes = table(["STATUS", "MEANING"], exitCodeTable).replace(/^/gm, "  ");
  return `
Examples:
  gatehouse login
  gatehouse run -- gcloud projects list
  gatehouse wait apr_0199c2… && gatehouse run -- gcloud functions delete hello
  gatehouse approvals list

Exit status:
${codes}`;
}

/**
 * Runs one command line and returns its exit status. `words` come without `node` and the script. It throws nothing:
 * what goes wrong has been said on standard error.
 */
export async function runCommandLine(
  words: readonly string[],
  parts: ProgramParts,
  terminal: Terminal = processTerminal(),
): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const tools = commandTools(terminal, (code) => {
    exitCode = code;
  });
  try {
    const program = buildProgram(parts, tools);
    if (words.length === 0) {
      program.outputHelp();
      return exitCodes.ok;
    }
    await program.parseAsync([...words], { from: "user" });
    return exitCode;
  } catch (error) {
    return reportFailure(error, terminal, { isJson: wantsJson(words) });
  }
}

/** Even a command line that was not understood may have said how it wants its errors. */
function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return (end === -1 ? words : words.slice(0, end)).includes("--json");
}
