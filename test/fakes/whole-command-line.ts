import { runCommandLine } from "#cli";
import { addAuditCommands } from "../../src/cli/local/audit.ts";
import { fakeTerminal } from "./terminal.ts";

export interface Said {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one `gatehouse …` of those that look at a log, in this process, towards one server. */
export async function gatehouse(url: string, ...words: readonly string[]): Promise<Said> {
  const terminal = fakeTerminal({ environment: { GATEHOUSE_URL: url } });
  try {
    const status = await runCommandLine(
      words,
      { version: "0.1.0", localCommands: [addAuditCommands] },
      terminal,
    );
    return { status, out: terminal.stdout.join("\n"), err: terminal.stderr.join("\n") };
  } finally {
    terminal.remove();
  }
}
