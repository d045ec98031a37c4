import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "../../test/fakes/child.ts";
import { runChild } from "./child.ts";

const door = fileURLToPath(new URL("./index.ts", import.meta.url));

/** A process that runs a command as `gatehouse run` does and exits with its status. */
function runIn(command: readonly string[], sharesTerminal = false) {
  const source = `
    const { runChild } = await import(${JSON.stringify(door)});
    const status = await runChild({ command: ${JSON.stringify(command)}, environment: process.env, sharesTerminal: ${sharesTerminal} });
    console.log("cleaned up");
    process.exitCode = status;`;
  return startChild([process.execPath, "--input-type=module", "--eval", source]);
}

test("a command that does not exist, or is none, is named in a sentence", async () => {
  const parts = { environment: process.env, sharesTerminal: false };
  await expect(runChild({ ...parts, command: ["no-such-command-anywhere"] })).rejects.toMatchObject({
    code: "command_not_found",
  });
  await expect(runChild({ ...parts, command: ["/etc/passwd"] })).rejects.toMatchObject({
    code: "command_not_executable",
  });
});

test("the command's exit status is passed on", async () => {
  expect((await runIn(["sh", "-c", "exit 7"]).outcome).status).toBe(7);
  expect((await runIn(["true"]).outcome).status).toBe(0);
});

test("a command ended by a signal gives 128 and its number", async () => {
  expect((await runIn(["sh", "-c", "kill -9 $$"]).outcome).status).toBe(137);
});

test("signals are passed on to the command, and we clean up after it", async () => {
  for (const [signal, status] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const) {
    const running = runIn(["sh", "-c", "echo started; exec sleep 60"]);
    await running.printed("started");
    running.kill(signal);
    const outcome = await running.outcome;
    expect(outcome.status, signal).toBe(status);
    expect(outcome.stdout).toContain("cleaned up");
  }
});

test("an interrupt typed at the terminal reaches the command once, not twice", async () => {
  const script = "trap 'echo interrupted; exit 5' INT; echo started; while :; do sleep 0.02; done";
  const running = runIn(["sh", "-c", script], true);
  await running.printed("started");
  // Only the parent is signalled here, as the terminal would have signalled the child itself.
  running.kill("SIGINT");
  running.kill("SIGTERM");
  const outcome = await running.outcome;
  expect(outcome.stdout).not.toContain("interrupted");
});
