import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { type Clock, systemClock } from "#lib/clock";

/** Where a command reads its surroundings and writes its words; tests pass their own. */
export interface Terminal {
  readonly environment: NodeJS.ProcessEnv;
  readonly workingFolder: string;
  readonly clock: Clock;
  /** Whether a person sits there: signals typed reach the whole foreground group. */
  readonly isInteractive: boolean;
  /** Whether what is written is seen by a person rather than read by a program. */
  readonly isColourful: boolean;
  /** How wide the screen is that shows what is written; `undefined` where it goes elsewhere. */
  readonly screenColumns: number | undefined;
  /** Standard input, a line at a time. */
  lines(): AsyncIterable<string>;
  out(text: string): void;
  err(text: string): void;
  /** Waits so long. */
  pause(ms: number): Promise<void>;
  /** Waits until the person presses Enter, or there is nobody to press it. */
  enter(): Promise<void>;
  /** Shows a page to the person, where there is a browser; never fails. */
  openBrowser(url: URL): void;
}

export function processTerminal(): Terminal {
  // A reader who has seen enough (`| head`) is no failure of ours.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedReader);
  return {
    environment: process.env,
    workingFolder: process.cwd(),
    clock: systemClock,
    isInteractive: process.stdin.isTTY,
    isColourful: process.stdout.isTTY,
    // Not known of every terminal, and 0 of some.
    screenColumns: process.stdout.isTTY ? process.stdout.columns || undefined : undefined,
    lines: () => createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    pause: (ms) => pause(Math.ceil(ms)),
    enter,
    openBrowser,
  };
}

function enter(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  return new Promise((resolve) => {
    lines.once("line", () => lines.close());
    lines.once("close", resolve);
  });
}

function ignoreClosedReader(error: Error): void {
  if (!("code" in error && error.code === "EPIPE")) throw error;
}

const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
  linux: ["xdg-open"],
};

/** No shell in between: the URL comes from the server and is an argument, never a command. */
function openBrowser(url: URL): void {
  const [file, ...args] = openers[process.platform] ?? ["xdg-open"];
  const opener = spawn(file, [...args, url.href], { stdio: "ignore", detached: true });
  opener.on("error", () => {});
  opener.unref();
}
