import type { Command } from "commander";
import { z } from "zod";
import type { CommandTools } from "#cli";

const options = z.object({ config: z.string() });

/** `gatehouse serve`: the server, until a signal; then it drains. */
export function addServeCommand(program: Command, { add, action, terminal }: CommandTools): void {
  add(program, "serve", "run the gateway and its control plane")
    .requiredOption("--config <file>", "configuration file")
    .addHelpText("after", "\nExamples:\n  gatehouse serve --config gatehouse.yaml")
    .action(
      action(async (_settings, command) => {
        const { loadConfiguration } = await import("#config");
        const { startServer } = await import("../../composition/server.ts");
        const { untilSignal } = await import("./until-signal.ts");
        const server = await startServer(loadConfiguration(options.parse(command.opts()).config), {
          isQuiet: false,
        });
        terminal.out(
          `Gatehouse is up: control plane ${server.controlUrl}, data plane ${server.proxyUrl}. Ctrl-C drains and stops it.`,
        );
        try {
          await untilSignal(server.failed);
          terminal.out("Draining: running exchanges finish, held ones are recorded as unfinished.");
        } finally {
          // Also when the log has stopped: a process that only refuses would keep whoever watches it from starting another.
          await server.close();
        }
      }),
    );
}
