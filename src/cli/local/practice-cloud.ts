import type { Command } from "commander";
import { z } from "zod";
import type { CommandTools } from "#cli";
import { replaceWhole } from "#lib/whole-file";

const options = z.object({ port: z.coerce.number().int().min(0).max(65_535), key: z.string() });

/** `gatehouse practice-cloud`: the simulated Google of the quick start, for a Gatehouse that runs apart from it. */
export function addPracticeCloudCommand(program: Command, { add, action, terminal }: CommandTools): void {
  add(program, "practice-cloud", "run the simulated Google Cloud by itself, on loopback")
    .option("--port <port>", "where it listens on 127.0.0.1", "8443")
    .requiredOption("--key <file>", "where the key of its service account is written for the gateway")
    .addHelpText("after", "\nExamples:\n  gatehouse practice-cloud --key practice/upstream-key.json")
    .action(
      action(async (_settings, command) => {
        const { startPracticeCloud } = await import("#practice/cloud");
        const { untilSignal } = await import("./until-signal.ts");
        const { port, key } = options.parse(command.opts());
        const cloud = await startPracticeCloud({ port });
        // The gateway may look at any moment.
        replaceWhole(key, JSON.stringify(await cloud.issueKey()));
        terminal.out(`The practice cloud is up at ${cloud.url}; its key is ${key}. Ctrl-C stops it.`);
        await untilSignal(new Promise<never>(() => undefined));
        await cloud.close();
      }),
    );
}
