import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommandLine } from "#cli";
import { fakeTerminal } from "../fakes/terminal.ts";
import { readTranscript } from "./transcript.ts";

const steps = readTranscript(join(import.meta.dirname, "command-line.txt"));

for (const { title, words, output, status } of steps) {
  test(`gatehouse ${words.join(" ")}: ${title}`, async () => {
    // Port 1 answers nobody, so that every machine sees the same.
    const terminal = fakeTerminal({ environment: { GATEHOUSE_URL: "http://127.0.0.1:1" } });
    const said = await runCommandLine(words, { version: "0.1.0", localCommands: [] }, terminal);
    terminal.remove();
    expect([...terminal.stdout, ...terminal.stderr].join("\n").trimEnd()).toBe(output);
    expect(said).toBe(status);
  });
}
