import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Secret } from "#lib/secret";
import type { ClientProbe } from "./client-probe.ts";

/** What was seen of one probe. */
export interface Observation {
  /** Tunnels to Google that the client opened through its helper. */
  readonly tunnels: number;
  readonly hasAnswer: boolean;
  readonly output: string;
  readonly isOverdue: boolean;
}

export interface ProbeRun {
  readonly path: string;
  readonly project: string;
  /** Of the run's helper. */
  readonly environment: NodeJS.ProcessEnv;
  readonly token: Secret | undefined;
  /** How many tunnels the helper has opened so far. */
  readonly tunnelsOpened: () => number;
  readonly timeoutMs: number;
}

/** A client that says more than this says the same thing again. */
const outputCharsMax = 512 * 1024;

/** Runs the client itself, in the environment that `gatehouse run` gives, in a folder of its own. */
export async function runProbe(probe: ClientProbe, run: ProbeRun): Promise<Observation> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-doctor-"));
  try {
    const before = run.tunnelsOpened();
    const { output, isOverdue } = await execute(probe, run, folder);
    return {
      tunnels: run.tunnelsOpened() - before,
      hasAnswer: probe.answered.test(output),
      output,
      isOverdue,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function execute(
  probe: ClientProbe,
  run: ProbeRun,
  folder: string,
): Promise<{ output: string; isOverdue: boolean }> {
  const {
    args,
    files = {},
    environment = {},
    needsTokenOnInput,
  } = probe.command({ folder, project: run.project });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  return new Promise((resolve) => {
    // A group of its own: clients start others, and all of them have to go when the time is up.
    const child = spawn(run.path, args, {
      cwd: folder,
      env: { ...run.environment, ...environment },
      stdio: ["pipe", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    let output = "";
    let isOverdue = false;
    const take = (part: Buffer): void => {
      if (output.length < outputCharsMax) output += part.toString("utf8");
    };
    const timer = setTimeout(() => {
      isOverdue = true;
      endGroup(child.pid);
    }, run.timeoutMs);
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.stdin.on("error", () => undefined);
    child.stdin.end(needsTokenOnInput === true ? `Authorization: Bearer ${run.token?.reveal() ?? ""}\n` : "");
    const settle = (): void => {
      clearTimeout(timer);
      resolve({ output, isOverdue });
    };
    child.on("error", (error) => {
      output += error.message;
      settle();
    });
    child.on("close", settle);
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Where a client is, by the user's own PATH: without what `npx` puts before it, our own Node above all. */
export function findOnPath(client: string, { PATH }: NodeJS.ProcessEnv): string | undefined {
  return (PATH ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && !/node_modules[\\/]\.bin[\\/]?$/.test(folder))
    .map((folder) => join(folder, client))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
