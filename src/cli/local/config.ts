import type { Command } from "commander";
import type { CommandTools } from "#cli";
import type { Configuration } from "#config";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";

/** `gatehouse config`: what is wrong with a configuration, what is in force, and its schema; nothing is started. */
export function addConfigCommand(program: Command, { add, action, terminal }: CommandTools): void {
  const config = add(program, "config", "look at configuration files");

  add(config, "check <file>", "say what is wrong with a configuration and the files it names")
    .addHelpText("after", "\nExamples:\n  gatehouse config check gatehouse.yaml")
    .action(
      action(async ({ isJson }, command) => {
        const file = fileOf(command);
        const configuration = await soundConfiguration(file);
        const connections = configuration.connections.map(({ name }) => name);
        const { issuers, saml } = configuration.identity;
        const providers = [...issuers, ...saml].map(({ issuer }) => issuer);
        const { configurationWarnings } = await import("../../composition/configuration-checks.ts");
        const warnings = configurationWarnings(configuration);
        if (!isJson) for (const warning of warnings) terminal.out(warning);
        terminal.out(
          isJson
            ? printableJson({ file, ok: true, connections, providers, warnings })
            : `${file} is sound. Connections: ${connections.join(", ")}. Identity providers: ${providers.join(", ")}.`,
        );
      }),
    );

  add(config, "show <file>", "print what is in force: defaults filled in, paths absolute")
    .addHelpText("after", "\nExamples:\n  gatehouse config show gatehouse.yaml")
    .action(
      action(async ({ isJson }, command) => {
        const { loadConfiguration, printConfiguration } = await import("#config");
        const { yaml, json } = printConfiguration(loadConfiguration(fileOf(command)));
        terminal.out(isJson ? printableJson(json) : yaml);
      }),
    );

  add(config, "schema", "print the JSON Schema of the configuration, for editors")
    .addHelpText("after", "\nExamples:\n  gatehouse config schema > gatehouse.schema.json")
    .action(
      action(async () => {
        const { configurationJsonSchema } = await import("#config");
        terminal.out(printableJson(configurationJsonSchema(), 2));
      }),
    );
}

function fileOf(command: Command): string {
  return command.processedArgs.map(String)[0] ?? "";
}

/** Everything that a start would read, read; everything that is wrong, said at once. Throws `config_invalid`. */
async function soundConfiguration(file: string): Promise<Configuration> {
  const { loadConfiguration } = await import("#config");
  const configuration = loadConfiguration(file);
  const { configurationProblems } = await import("../../composition/configuration-checks.ts");
  const problems = await configurationProblems(configuration);
  if (problems.length === 0) return configuration;
  throw new GatehouseError("config_invalid", problems.join("\n"));
}
