import { Command } from "commander";
import { readSettings, type Settings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** What a command does. It throws what it cannot do; a status is returned where success has more than one. */
export type Act =
  | ((settings: Settings, command: Command) => Promise<void>)
  | ((settings: Settings, command: Command) => Promise<number>);

/** How commands are made, here and in `local/`, so that all of them take the same options and fail in the same way. */
export interface CommandTools {
  readonly terminal: Terminal;
  /** A command as ours are; the program adds the global options to all of them. */
  add(parent: Command, usage: string, summary: string): Command;
  /** Wraps an act for `Command.action`. */
  action(act: Act): (...given: unknown[]) => Promise<void>;
}

export function commandTools(terminal: Terminal, setExitCode: (code: number) => void): CommandTools {
  return {
    terminal,
    add: (parent, usage, summary) => parent.command(usage).description(summary),
    action:
      (act) =>
      async (...given) => {
        const command = given.at(-1);
        if (!(command instanceof Command)) throw new TypeError("commander passes the command last");
        const code: unknown = await act(readSettings(command, terminal), command);
        if (typeof code === "number") setExitCode(code);
      },
  };
}
