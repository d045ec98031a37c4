import { expect, test } from "vitest";
import { buildProgram, runCommandLine } from "#cli";
import { commandTools } from "../../src/cli/command-tools.ts";
import { localCommands } from "../../src/main.ts";
import { fakeTerminal } from "../fakes/terminal.ts";

type Command = ReturnType<typeof buildProgram>;

const parts = { version: "0.1.0", localCommands };

/** The words of every command that does something. */
function leavesOf(command: Command, words: readonly string[] = []): readonly (readonly string[])[] {
  if (command.commands.length === 0) return [words];
  return command.commands.flatMap((inner) => leavesOf(inner, [...words, inner.name()]));
}

test("the help of every command has an example of it", async () => {
  const idle = fakeTerminal();
  idle.remove();
  const leaves = leavesOf(
    buildProgram(
      parts,
      commandTools(idle, () => undefined),
    ),
  );
  expect(leaves.length).toBeGreaterThan(40);
  for (const words of leaves) {
    const terminal = fakeTerminal();
    await runCommandLine([...words, "--help"], parts, terminal);
    const examples = terminal.stdout.join("\n").split("Examples")[1] ?? "";
    expect(examples, `gatehouse ${words.join(" ")} --help`).toContain(words.at(-1));
    terminal.remove();
  }
});
