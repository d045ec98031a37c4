import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { GatehouseError } from "#lib/errors";

export interface ChildCommand {
  readonly command: readonly [string, ...string[]];
  readonly environment: NodeJS.ProcessEnv;
  /** Whether signals typed at the terminal reach the child without us, being in the same foreground group. */
  readonly sharesTerminal: boolean;
}

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/**
 * Runs a command with our own input and output, and returns its exit status; a signal's number plus 128 where one
 * ended it, as shells do. Throws `command_not_found` or `command_not_executable`.
 */
export function runChild({ command, environment, sharesTerminal }: ChildCommand): Promise<number> {
  const [file, ...args] = command;
  return new Promise((resolve, reject) => {
    let child: ChildProcess | undefined;
    const forwarders = forwarded.map((signal) => ({
      signal,
      // Terraform takes a second interrupt for "stop at once", so one typed at the terminal must arrive only once.
      forward: () => void (sharesTerminal && isTyped(signal) ? undefined : child?.kill(signal)),
    }));
    // Before the child is there: a signal in between must not end us and leave it behind.
    for (const { signal, forward } of forwarders) process.on(signal, forward);
    const settled = (): void => {
      for (const { signal, forward } of forwarders) process.off(signal, forward);
    };
    child = spawn(file, args, { stdio: "inherit", env: environment });
    child.once("error", (error) => {
      settled();
      reject(cannotRun(file, error));
    });
    child.once("exit", (status, signal) => {
      settled();
      resolve(status ?? 128 + constants.signals[signal ?? "SIGKILL"]);
    });
  });
}

function isTyped(signal: NodeJS.Signals): boolean {
  return signal === "SIGINT" || signal === "SIGQUIT";
}

function cannotRun(file: string, error: Error): GatehouseError {
  if ("code" in error && error.code === "ENOENT") {
    return new GatehouseError("command_not_found", `There is no command ${file} on the PATH.`, {
      cause: error,
    });
  }
  const message = `Cannot execute ${file}: ${error.message}.`;
  return new GatehouseError("command_not_executable", message, { cause: error });
}
