import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

/** A block of commands of a page, under the heading it stands below. */
export interface Block {
  readonly section: string;
  readonly commands: string;
}

/** The `sh` blocks of a Markdown page, in order. */
export function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(page, "utf8");
  return text.split(/^(?=## )/m).flatMap((part) => {
    const section = part.split("\n")[0]?.replace(/^#+ /, "") ?? "";
    return [...part.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, commands = ""]) => ({
      section,
      commands,
    }));
  });
}

export interface Ran {
  readonly status: number | null;
  readonly said: string;
  /** Where the commands ended up: a reader's `cd` lasts. */
  readonly folder: string;
}

const whereLine = "\npwd >&3\n";

/** Runs a block as a reader would who stops at the first command that fails. */
export async function runBlock(
  commands: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<Ran> {
  const shell = spawn("bash", ["-euo", "pipefail", "-c", commands + whereLine], {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  const heard = { said: "", where: "" };
  shell.stdout?.on("data", (chunk: Buffer) => {
    heard.said += chunk.toString();
  });
  shell.stderr?.on("data", (chunk: Buffer) => {
    heard.said += chunk.toString();
  });
  shell.stdio[3]?.on("data", (chunk: Buffer) => {
    heard.where += chunk.toString();
  });
  await once(shell, "close");
  return { status: shell.exitCode, said: heard.said, folder: heard.where.trim() || folder };
}
