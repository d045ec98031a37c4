import { expect, test } from "vitest";
import { startChild } from "../../../test/fakes/child.ts";
import { fakeTerminal } from "../../../test/fakes/terminal.ts";
import { commandTools } from "../command-tools.ts";
import { buildProgram } from "../program.ts";
import { completionScript } from "./completion.ts";

const terminal = fakeTerminal();
terminal.remove();
const program = buildProgram(
  { version: "0.1.0", localCommands: [] },
  commandTools(terminal, () => {}),
);

/** What bash offers once these words are typed and Tab is pressed on the last. */
async function offered(...words: string[]): Promise<string[]> {
  const typed = ["gatehouse", ...words].map((word) => `"${word}"`).join(" ");
  const script = `${completionScript(program, "bash")}
COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _gatehouse; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await startChild(["bash", "-c", script]).outcome;
  expect(stderr).toBe("");
  return stdout.trim().split("\n");
}

test("after -- the words belong to the command that is run, and ours are not offered", async () => {
  expect(await offered("run", "--", "gcl")).toEqual([""]);
});

test("a shell that is not known is said to be none of ours", () => {
  expect(() => completionScript(program, "tcsh")).toThrow("bash, zsh or fish");
});

test("commands, their commands and their options are completed", async () => {
  expect(await offered("appr")).toEqual(["approvals"]);
  expect(await offered("approvals", "")).toContain("deny");
  expect(await offered("approvals", "deny", "--re")).toEqual(["--reason"]);
  expect(await offered("--json", "sessions", "s")).toEqual(["show", "stop"]);
});

test("every shell gets every command", () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const script = completionScript(program, shell);
    for (const command of program.commands) expect(script).toContain(command.name());
  }
});
