import type { Command } from "commander";
import type { CommandTools } from "#cli";

/** `gatehouse config check`: what is wrong with a configuration, without starting anything. */
export function addConfigCommand(program: Command, { add, action, terminal }: CommandTools): void {
  const config = add(program, "config", "look at configuration files");
  add(config, "check <file>", "say what is wrong with a configuration file, without starting anything")
    .addHelpText("after", "\nExamples:\n  gatehouse config check gatehouse.yaml")
    .action(
      action(async ({ isJson }, command) => {
        const { loadConfiguration } = await import("#config");
        const file = command.processedArgs.map(String)[0] ?? "";
        const configuration = loadConfiguration(file);
        const connections = configuration.connections.map(({ name }) => name);
        terminal.out(
          isJson
            ? JSON.stringify({ file, ok: true, connections })
            : `${file} is sound. Connections: ${connections.join(", ")}.`,
        );
      }),
    );
}
