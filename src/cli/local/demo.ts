import type { Command } from "commander";
import { z } from "zod";
import type { CommandTools } from "#cli";
import { printableJson } from "#lib/printable";
import type { StepResult } from "./demo/tour.ts";

const options = z.object({ gcloud: z.boolean() });

/** `gatehouse demo`: the tour by itself, in a Gatehouse of its own that is gone afterwards. */
export function addDemoCommand(program: Command, { add, action, terminal }: CommandTools): void {
  add(program, "demo", "take the whole tour in a temporary Gatehouse and check each step")
    .option("--no-gcloud", "make the same calls over HTTP even where gcloud is installed")
    .addHelpText("after", "\nExamples:\n  gatehouse demo\n  gatehouse demo --json | jq .ok")
    .action(
      action(async ({ isJson }, command) => {
        const { setStage } = await import("./demo/stage.ts");
        const { takeStep, tour } = await import("./demo/tour.ts");
        const say = isJson ? () => undefined : terminal.out;
        const stage = await setStage({ isGcloudAllowed: options.parse(command.opts()).gcloud });
        say(`The tour, with ${stage.hasGcloud ? "gcloud" : "plain HTTP calls in gcloud's place"}.\n`);
        let failed = 0;
        try {
          for (const step of tour) {
            say(`… ${step.step}: ${step.expected}`);
            const result = await takeStep(step, stage);
            if (!result.ok) failed += 1;
            terminal.out(isJson ? printableJson(result) : forPeople(result));
          }
        } finally {
          await stage.close();
        }
        say(failed === 0 ? "All steps held." : `${failed} of ${tour.length} steps did not hold.`);
        return failed === 0 ? 0 : 1;
      }),
    );
}

function forPeople(result: StepResult): string {
  return `${result.ok ? "✓" : "✗"} ${result.step}\n  ${result.observed}\n`;
}
