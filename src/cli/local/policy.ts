import { type Command, Option } from "commander";
import { z } from "zod";
import type { Catalogue } from "#catalogue";
import { type CommandTools, table } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { Explanation, PolicyInput, PolicySet } from "#policy";
import { parseCallLine } from "./call-line.ts";

const shipped = "quick-start/policies";
const explainOptions = z.object({
  policies: z.string(),
  email: z.string(),
  groups: z.string(),
  connection: z.string(),
  agent: z.string(),
});

/** `gatehouse policy`: whether policy files are sound, and why a call would be decided as it is. */
export function addPolicyCommand(program: Command, tools: CommandTools): void {
  const policy = tools.add(program, "policy", "check policies and explain decisions");
  addCheck(policy, tools);
  addExplain(policy, tools);
}

function addCheck(policy: Command, { add, action, terminal }: CommandTools): void {
  add(policy, "check [path...]", `say what is wrong with policy files and folders (default: ${shipped})`)
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse policy check policies/\n  gatehouse policy check policies/prod.yaml --json",
    )
    .action(
      action(async ({ isJson }, command) => {
        const { avoidableRules, deadRules, printAvoidable } = await import("#policy");
        const paths = command.args.length > 0 ? command.args : [shipped];
        const { set, catalogue } = await load(paths);
        const dead = deadRules(set, catalogue.operations());
        const avoidable = avoidableRules(set);
        const rules = set.policies.reduce((count, { rules: own }) => count + own.length, 0);
        if (isJson)
          terminal.out(
            printableJson({
              ok: true,
              version: set.version,
              policies: set.policies.length,
              rules,
              dead,
              avoidable,
            }),
          );
        else {
          for (const { file, line, policy: name, rule, message } of dead)
            terminal.out(`${file}:${line}: ${name}/${rule}: warning: ${message}`);
          for (const rule of avoidable) terminal.out(printAvoidable(rule));
          terminal.out(
            `Policies: ${set.policies.length}, rules: ${rules}, sound. Version ${set.version.slice(0, 12)}.`,
          );
        }
      }),
    );
}

function addExplain(policy: Command, { add, action, terminal }: CommandTools): void {
  add(policy, "explain <call>", "which rules decide a call, and why, e.g. 'DELETE https://…'")
    .addOption(new Option("--policies <path>", "policy file or folder").default(shipped))
    .addOption(new Option("--email <email>", "who asks").default("developer@example.com"))
    .addOption(new Option("--groups <list>", "their groups, with commas").default("engineering"))
    .addOption(new Option("--connection <name>", "by which connection").default("practice"))
    .addOption(new Option("--agent <name>", "with which agent").default("agent"))
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse policy explain 'DELETE https://storage.googleapis.com/storage/v1/b/bucket' --groups engineering",
    )
    .action(
      action(async ({ isJson, terminal: { clock } }, command) => {
        const { explain } = await import("#policy");
        const options = explainOptions.parse(command.opts());
        const { set, catalogue } = await load([options.policies]);
        const input = inputFor(command.processedArgs.map(String)[0] ?? "", catalogue, {
          ...options,
          now: clock.now(),
        });
        const explanation = explain(set, input);
        terminal.out(isJson ? printableJson(explanation) : inWords(input, explanation));
      }),
    );
}

async function load(paths: readonly string[]): Promise<{ set: PolicySet; catalogue: Catalogue }> {
  const [{ readDocuments }, { loadCatalogue }, { parsePolicies, printProblem }] = await Promise.all([
    import("#config"),
    import("#catalogue"),
    import("#policy"),
  ]);
  const parsed = parsePolicies(readDocuments(paths));
  if (parsed.kind === "refused")
    throw new GatehouseError("documents_invalid", parsed.problems.map(printProblem).join("\n"));
  return { set: parsed.set, catalogue: loadCatalogue() };
}

interface Asker {
  readonly email: string;
  readonly groups: string;
  readonly connection: string;
  readonly agent: string;
  readonly now: Date;
}

function inputFor(text: string, catalogue: Catalogue, asker: Asker): PolicyInput {
  const line = parseCallLine(text);
  const understanding = catalogue.understand(line);
  if (understanding.kind !== "call") {
    const why = understanding.kind === "unknown" ? understanding.detail : "it carries its own permission";
    throw new GatehouseError("call_unknown", `Refused before any policy is asked: ${why}`);
  }
  const { operation, resource, host } = understanding.call;
  return {
    principal: {
      id: "explained",
      issuer: "explained",
      subject: asker.email,
      email: asker.email,
      groups: asker.groups.split(","),
    },
    agent: asker.agent,
    sessionId: "explained",
    connection: asker.connection,
    operation,
    resource,
    request: { method: line.method, host, time: asker.now },
  };
}

function inWords(input: PolicyInput, { decision, rules }: Explanation): string {
  const reasons = decision.reasons.map(
    ({ policy, rule, message }) => `${policy}/${rule}${message === undefined ? "" : `: ${message}`}`,
  );
  const rows = rules.map(({ policy, rule, effect, outcome, failure, place }) => [
    `${policy}/${rule}`,
    effect,
    failure === undefined ? outcome : `${outcome}: ${failure}`,
    place === undefined ? "" : `${place.file}:${place.line}`,
  ]);
  return [
    `${input.operation.id} on ${input.resource.name || "(no resource)"}, class ${input.operation.class}`,
    `${decision.effect} because of ${reasons.join("; ")}`,
    "",
    table(["RULE", "EFFECT", "OUTCOME", "WHERE"], rows),
  ].join("\n");
}
