import type { Command } from "commander";
import type { CommandTools } from "#cli";
import type { Configuration } from "#config";
import { GatehouseError } from "#lib/errors";

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
        terminal.out(
          isJson
            ? JSON.stringify({ file, ok: true, connections, providers })
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
        terminal.out(isJson ? JSON.stringify(json) : yaml);
      }),
    );

  add(config, "schema", "print the JSON Schema of the configuration, for editors").action(
    action(async () => {
      const { configurationJsonSchema } = await import("#config");
      terminal.out(JSON.stringify(configurationJsonSchema(), undefined, 2));
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
  const checks = [checkCertificates, checkConnections, checkSinks, checkPolicies, checkMasking];
  const problems = (await Promise.all(checks.map((check) => problemsOf(check, configuration)))).flat();
  if (problems.length === 0) return configuration;
  throw new GatehouseError("config_invalid", problems.join("\n"));
}

type Check = (configuration: Configuration) => Promise<readonly string[]>;

async function problemsOf(check: Check, configuration: Configuration): Promise<readonly string[]> {
  try {
    return await check(configuration);
  } catch (error) {
    if (error instanceof GatehouseError) return [error.message];
    throw error;
  }
}

async function checkCertificates(configuration: Configuration): Promise<readonly string[]> {
  const { samlSettings } = await import("../../composition/configured.ts");
  samlSettings(configuration);
  return [];
}

/** Reads key files as the server does, and asks nobody for a credential. */
async function checkConnections({ connections }: Configuration): Promise<readonly string[]> {
  const [{ connectionOf }, { openConnections }, { systemClock: clock }] = await Promise.all([
    import("../../composition/configured.ts"),
    import("#connections"),
    import("#lib/clock"),
  ]);
  await openConnections({ connections: connections.map(connectionOf), clock }).close();
  return [];
}

/** Reads secrets and authorities as the server does, and dials nobody. */
async function checkSinks({ sinks }: Configuration): Promise<readonly string[]> {
  const { sinkOf } = await import("../../composition/sinks.ts");
  await Promise.all(sinks.map((written) => sinkOf(written).sink.close()));
  return [];
}

async function checkPolicies(configuration: Configuration): Promise<readonly string[]> {
  const [{ readDocuments }, { parsePolicies, printProblem }] = await Promise.all([
    import("#config"),
    import("#policy"),
  ]);
  const parsed = parsePolicies(readDocuments(configuration.policies), configuration.protected);
  return parsed.kind === "parsed" ? [] : parsed.problems.map(printProblem);
}

async function checkMasking(configuration: Configuration): Promise<readonly string[]> {
  const [{ readDocuments }, { parseMaskingRules }] = await Promise.all([
    import("#config"),
    import("#masking"),
  ]);
  const parsed = parseMaskingRules(readDocuments(configuration.masking));
  if (parsed.kind === "rules") return [];
  return parsed.problems.map(({ file, line, rule, message }) => `${file}:${line}: ${rule}: ${message}`);
}
