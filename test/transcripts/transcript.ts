import { readFileSync } from "node:fs";

/** One command of a transcript and what it is to say. */
export interface TranscriptStep {
  readonly title: string;
  readonly words: readonly string[];
  readonly output: string;
  readonly status: number;
}

/**
 * Reads a transcript: `# ` lines of prose, then `$ gatehouse …`, its output as a person sees it, and `(exit N)` where
 * that is not 0. Words are split at spaces; there is no shell.
 */
export function readTranscript(file: string): TranscriptStep[] {
  return readFileSync(file, "utf8")
    .split(/\n(?=# )/)
    .filter((part) => part.includes("\n$ gatehouse"))
    .map(parseStep);
}

function parseStep(part: string): TranscriptStep {
  const [, title = "", command = "", rest = ""] = /^# (.*)\n\$ gatehouse ?(.*)\n([\s\S]*)$/.exec(part) ?? [];
  const status = /\(exit (\d+)\)\s*$/.exec(rest)?.[1];
  return {
    title,
    words: command === "" ? [] : command.split(" "),
    output: rest.replace(/\(exit \d+\)\s*$/, "").trimEnd(),
    status: status === undefined ? 0 : Number(status),
  };
}
