import type { Command } from "commander";
import { z } from "zod";
import { callControlPlane } from "#agent";
import { type SinkState, sinkList, sinkMoved } from "#api";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { Secret } from "#lib/secret";
import type { CommandTools } from "../command-tools.ts";
import { consoleSignIn } from "../console-sign-in.ts";
import { findServer } from "../server.ts";
import type { Settings } from "../settings.ts";
import { table } from "../text.ts";

/** `gatehouse sinks`: how far others were told of the log, and where they go on. */
export function addSinkCommands(program: Command, { add, action }: CommandTools): void {
  const sinks = program
    .command("sinks")
    .description("see how far sinks are, and where they go on (administrators, with a fresh sign-in)")
    .addHelpText("after", examples);
  const as = "a person of the development identity provider";
  add(sinks, "list", "list sinks with their lag and what fails")
    .option("--as <email>", as)
    .addHelpText("after", examples)
    .action(action(list));
  add(
    sinks,
    "move",
    "make a sink send on from another entry: earlier ones again, or past one it will never take",
  )
    .argument("<name>")
    .requiredOption("--to <index>", "index of the entry to send next")
    .requiredOption("--reason <text>", "why; it is on record with who did it")
    .option("--as <email>", as)
    .addHelpText("after", examples)
    .action(action(move));
}

const examples = `
Examples:
  gatehouse sinks list
  gatehouse sinks move siem --to 0 --reason "the index was lost, send all of it again"
  gatehouse sinks move siem --to 4711 --reason "the receiver refuses entry 4710 for its size"

Each move is an entry of the log (sink.moved), written before it happens.`;

const asOption = z.object({ as: z.string().optional() });

async function open(settings: Settings, command: Command): Promise<{ url: string; bearer: Secret }> {
  const server = await findServer(settings);
  const { idToken } = await consoleSignIn(server, asOption.parse(command.opts()).as, settings.terminal);
  return { url: server.url, bearer: idToken };
}

async function list(settings: Settings, command: Command): Promise<void> {
  const access = await open(settings, command);
  const answer = await callControlPlane({ ...access, path: "/api/v1/sinks", answer: sinkList });
  settings.terminal.out(settings.isJson ? printableJson(answer) : listText(answer.sinks));
}

function listText(sinks: readonly SinkState[]): string {
  if (sinks.length === 0) return "There are no sinks. They are in the configuration, under sinks.";
  return table(
    ["NAME", "KIND", "NEXT", "BEHIND", "STATE", "PROBLEM"],
    sinks.map((sink) => [
      sink.name,
      sink.kind,
      String(sink.next),
      sink.lagEntries === 0 ? "-" : `${sink.lagEntries} entries, ${Math.floor(sink.lagMs / 1000)} s`,
      stateOf(sink),
      sink.problem ?? "",
    ]),
  );
}

function stateOf({ isLagging, failures }: SinkState): string {
  const words = [...(isLagging ? ["lagging"] : []), ...(failures > 0 ? [`failing (${failures})`] : [])];
  return words.length === 0 ? "well" : words.join(", ");
}

const moveOptions = z.object({
  to: z.string().regex(/^(0|[1-9]\d{0,14})$/),
  reason: z.string().min(1).max(500),
});

async function move(settings: Settings, command: Command): Promise<void> {
  const [name = ""] = command.args;
  const options = moveOptions.safeParse(command.opts());
  if (!options.success || !/^[a-z][a-z0-9-]{0,62}$/.test(name)) {
    throw new GatehouseError(
      "usage_invalid",
      "Name a sink, an index from 0 up, and a reason of a sentence or two.",
    );
  }
  const { to, reason } = options.data;
  const access = await open(settings, command);
  const path = `/api/v1/sinks/${name}/cursor`;
  const json = { to: Number(to), reason };
  const moved = await callControlPlane({ ...access, path, json, answer: sinkMoved });
  const text = `Sink ${name} goes on with entry ${moved.to}; it was at ${moved.from}.`;
  settings.terminal.out(settings.isJson ? printableJson(moved) : text);
}
