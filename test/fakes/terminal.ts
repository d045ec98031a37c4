import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Terminal } from "#cli";
import { systemClock } from "#lib/clock";

/** A terminal whose words can be read, in a home of its own. */
export interface FakeTerminal extends Terminal {
  readonly home: string;
  readonly stdout: string[];
  readonly stderr: string[];
  readonly pages: URL[];
  /** What was waited for: milliseconds, or Enter. */
  readonly waits: (number | "enter")[];
  remove(): void;
}

/** `browse` stands for the person's browser. */
export function fakeTerminal(
  options: {
    environment?: NodeJS.ProcessEnv;
    browse?: (url: URL) => void;
    input?: readonly string[];
    screenColumns?: number;
  } = {},
): FakeTerminal {
  const home = mkdtempSync(join(tmpdir(), "fake-home-"));
  const terminal: FakeTerminal = {
    home,
    stdout: [],
    stderr: [],
    pages: [],
    waits: [],
    environment: { HOME: home, PATH: process.env["PATH"], ...options.environment },
    workingFolder: home,
    clock: systemClock,
    isInteractive: false,
    isColourful: false,
    screenColumns: options.screenColumns,
    async *lines() {
      yield* options.input ?? [];
    },
    out: (text) => void terminal.stdout.push(text),
    err: (text) => void terminal.stderr.push(text),
    pause: async (ms) => void terminal.waits.push(ms),
    enter: async () => void terminal.waits.push("enter"),
    openBrowser: (url) => {
      terminal.pages.push(url);
      options.browse?.(url);
    },
    remove: () => rmSync(home, { recursive: true }),
  };
  return terminal;
}
