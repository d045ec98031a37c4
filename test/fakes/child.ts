import { spawn } from "node:child_process";

export interface ChildOutcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartedChild {
  readonly pid: number;
  readonly outcome: Promise<ChildOutcome>;
  /** Resolves once the text is in what it said. */
  printed(text: string): Promise<void>;
  /** Both outputs until now. */
  saidSoFar(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Starts a command with no input and collects what it says. */
export function startChild(
  command: readonly [string, ...string[]],
  options: { environment?: NodeJS.ProcessEnv; folder?: string } = {},
): StartedChild {
  const [file, ...args] = command;
  const child = spawn(file, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: options.environment ?? process.env,
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
    for (const listener of listeners) listener();
  });
  const outcome = new Promise<ChildOutcome>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  return {
    pid: child.pid ?? 0,
    outcome,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (`${stdout}${stderr}`.includes(text)) resolve();
        };
        listeners.add(look);
        void outcome.then(() => reject(new Error(`ended without "${text}":\n${stdout}\n${stderr}`)));
        look();
      }),
    saidSoFar: () => `${stdout}${stderr}`,
    kill: (signal) => void child.kill(signal),
  };
}
