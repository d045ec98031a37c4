import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import type { ConnectionConfiguration, UniverseConfiguration } from "#config";
import { type QuickStart, type QuickStartOptions, startQuickStart } from "../quick-start.ts";

/** What a command left behind. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly process: ChildProcess;
  readonly outcome: Promise<Outcome>;
}

/** A whole Gatehouse of its own in a temporary folder, and the command line to use it with, as a person would. */
export interface Stage {
  readonly quickStart: QuickStart;
  readonly folder: string;
  readonly data: string;
  readonly hasGcloud: boolean;
  /** Starts `gatehouse …`. */
  start(...argv: readonly string[]): RunningCommand;
  /** Starts it by another program, such as one that takes the network away. */
  startIn(program: readonly string[], ...argv: readonly string[]): RunningCommand;
  /** Runs `gatehouse …` to its end. */
  gatehouse(...argv: readonly string[]): Promise<Outcome>;
  /** Runs a command as the developer's agent, through `gatehouse run`. */
  agent(...command: readonly string[]): RunningCommand;
  /** The same with options of `gatehouse run` before the command. */
  agentWith(flags: readonly string[], ...command: readonly string[]): RunningCommand;
  close(): Promise<void>;
}

const asDeveloper = ["run", "--as", "developer@example.com", "--project", "practice-project"];
const root = resolve(import.meta.dirname, "../../../..");

export interface StageOptions {
  readonly isGcloudAllowed: boolean;
  /** Policy files or folders instead of the shipped ones. */
  readonly policies?: readonly string[];
  readonly connections?: readonly ConnectionConfiguration[];
  readonly universe?: UniverseConfiguration;
  readonly people?: QuickStartOptions["people"];
  /** Added to the environment of every command. */
  readonly environment?: NodeJS.ProcessEnv;
}

export async function setStage(options: StageOptions): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-demo-"));
  const data = join(folder, "data");
  const home = join(folder, "home");
  mkdirSync(home, { mode: 0o700 });
  const quickStart = await startQuickStart({
    data,
    policies: options.policies ?? [join(root, "quick-start/policies")],
    masking: [join(root, "quick-start/masking")],
    ports: { control: 0, proxy: 0, provider: 0, cloud: 0 },
    operationMs: 500,
    ...(options.connections === undefined ? {} : { connections: options.connections }),
    ...(options.universe === undefined ? {} : { universe: options.universe }),
    ...(options.people === undefined ? {} : { people: options.people }),
    isQuiet: true,
  });
  const environment = {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_STATE_HOME: join(home, "state"),
    ...options.environment,
  };
  const startIn = (program: readonly string[], argv: readonly string[]): RunningCommand =>
    startCommand(
      [
        ...program,
        process.execPath,
        ...[join(root, "bin/gatehouse.mjs"), "--url", quickStart.server.controlUrl],
        ...argv,
      ],
      environment,
      folder,
    );
  const start = (argv: readonly string[]): RunningCommand => startIn([], argv);
  return {
    quickStart,
    folder,
    data,
    hasGcloud: options.isGcloudAllowed && isOnPath("gcloud"),
    start: (...argv) => start(argv),
    startIn: (program, ...argv) => startIn(program, argv),
    gatehouse: (...argv) => start(argv).outcome,
    agent: (...command) => start([...asDeveloper, "--", ...command]),
    agentWith: (flags, ...command) => start([...asDeveloper, ...flags, "--", ...command]),
    close: async () => {
      await quickStart.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startCommand(
  [program = "", ...argv]: readonly string[],
  environment: NodeJS.ProcessEnv,
  cwd: string,
): RunningCommand {
  const child = spawn(program, argv, { env: environment, cwd, stdio: ["pipe", "pipe", "pipe"] });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  const outcome = new Promise<Outcome>((settle, fail) => {
    child.on("error", fail);
    child.on("close", (status) =>
      settle({
        status: status ?? 1,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
  });
  return { process: child, outcome };
}

function isOnPath(command: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
