import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { type CommandTools, printable } from "#cli";
import { systemClock } from "#lib/clock";
import { GatehouseError, messageOf } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { replaceWhole } from "#lib/whole-file";
import { parseVerifierKey, type Verifier } from "#tlog";
import type { WitnessFolder, WitnessParts } from "#witness";
import type { Settings } from "../../settings.ts";
import type { Terminal } from "../../terminal.ts";
import { untilSignal } from "../until-signal.ts";
import { readText } from "./text-file.ts";

const options = z.object({
  key: z.string(),
  name: z.string().optional(),
  log: z.array(z.string()).min(1),
  listen: z.string(),
  state: z.string(),
});

/**
 * `gatehouse audit witness`: watches logs, any that speak C2SP tlog-witness, and cosigns what has only grown. To be run by
 * other people than the logs', on another machine: what it proves is worth as much as that distance.
 */
export function addWitnessCommand(audit: Command, { add, action }: CommandTools): void {
  add(audit, "witness", "run a witness that cosigns the checkpoints of logs that only grow")
    .requiredOption("--key <file>", "private key of the witness; made when it is not there")
    .requiredOption(
      "--log <key>",
      "verifier key of a log to watch, or a file with it; may be repeated",
      collect,
      [],
    )
    .requiredOption("--state <folder>", "what was seen of each log; never to be lost while the key is in use")
    .option("--name <name>", "name of the witness, such as witness.example.com/w1; needed the first time")
    .option("--listen <address>", "host and port, on this machine", "127.0.0.1:8450")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const parsed = options.safeParse(command.opts());
        if (!parsed.success) throw new GatehouseError("usage_invalid", "At least one --log is needed.");
        await runWitness(parsed.data, settings);
      }),
    );
}

const examples = `
Examples:
  gatehouse audit witness --key witness.pem --name witness.example.com/w1 --log log.vkey --state seen
  gatehouse audit witness --key witness.pem --log one.vkey --log two.vkey --state seen --listen 127.0.0.1:8450

Logs post to http://HOST:PORT/add-checkpoint; put TLS in front for other machines. The verifier key that is printed, and kept
as witness.vkey in the state folder, goes to the log's operator (witnesses: in gatehouse.yaml) and to auditors.`;

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

/** One process on one state folder, from before its name is read until it has answered its last. */
async function runWitness(given: z.infer<typeof options>, settings: Settings): Promise<void> {
  const { WitnessFolder } = await import("#witness");
  const { lockFile } = await import("../../../storage/sqlite/index.ts");
  const folder = new WitnessFolder(given.state);
  const release = lockFile(join(given.state, "witness.lock"), () => inUse(given.state));
  try {
    await serveAlone(given, folder, settings);
  } finally {
    release();
  }
}

async function serveAlone(
  given: z.infer<typeof options>,
  folder: WitnessFolder,
  { terminal, isJson }: Settings,
): Promise<void> {
  const { openWitness, serveWitness } = await import("#witness");
  const { openCosignerKey } = await import("#keys");
  const logs = given.log.map(logKey);
  const signer = await openCosignerKey(given.key, witnessName(given));
  replaceWhole(keptKey(given.state), `${signer.verifierKey}\n`);
  const witness = openWitness({ signer, logs, folder, clock: systemClock, ...alarms(given.state, terminal) });
  const server = await serveWitness(witness, {
    ...listenAddress(given.listen),
    onFailure: (error) => terminal.err(printable(`gatehouse: ${messageOf(error)}`)),
  });
  const facts = { url: server.url, verifierKey: signer.verifierKey, logs: logs.map(({ name }) => name) };
  const words = `Witness ${facts.verifierKey}\nwatches ${facts.logs.join(", ")} at ${server.url}. Ctrl-C stops it.`;
  terminal.out(isJson ? printableJson(facts) : printable(words));
  await untilSignal(new Promise<never>(() => undefined));
  await server.close();
}

/** Two witnesses on one folder could each sign another fork of what both saw last. */
function inUse(state: string): GatehouseError {
  return new GatehouseError(
    "witness_state_in_use",
    `Another witness is running on ${state}. Stop it, or give this one another state folder and another key.`,
  );
}

type Alarms = Pick<WitnessParts, "onContradiction" | "onProofRefused">;

function alarms(state: string, { err }: Pick<Terminal, "err">): Alarms {
  return {
    onContradiction: (origin, why) =>
      err(
        printable(
          `CONTRADICTION: ${origin} signed what it cannot have grown into: ${why}. Both checkpoints are kept in ${state}.`,
        ),
      ),
    // Told at 1, 10, 100 …: whoever sends them must not fill the disk with lines.
    onProofRefused: (origin, count) => {
      if (!/^10*$/.test(String(count))) return;
      err(
        printable(
          `${origin}: ${count} refused so far for a proof that does not fit, which anybody can send and which says nothing of the log.`,
        ),
      );
    },
  };
}

function logKey(given: string): Verifier {
  const verifier = parseVerifierKey((given.includes("+") ? given : readText(given)).trim());
  if (verifier !== undefined) return verifier;
  throw new GatehouseError(
    "verifier_key_invalid",
    `${given} is no log's verifier key, nor a file that holds one.`,
  );
}

const keptKey = (state: string): string => join(state, "witness.vkey");

/** A witness keeps its name: under another one its cosignatures would be a stranger's. */
function witnessName({ name, state }: z.infer<typeof options>): string {
  const kept = existsSync(keptKey(state)) ? readText(keptKey(state)).split("+")[0] : undefined;
  if (kept !== undefined && name !== undefined && kept !== name) {
    throw new GatehouseError(
      "usage_invalid",
      `This witness is called ${kept}. Another name needs a state folder of its own.`,
    );
  }
  const found = name ?? kept;
  if (found !== undefined) return found;
  throw new GatehouseError("usage_invalid", "A new witness needs --name, such as witness.example.com/w1.");
}

function listenAddress(text: string): { host: string; port: number } {
  const [, host = "", port = ""] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  if (bare !== "" && Number(port) <= 65_535) return { host: bare, port: Number(port) };
  throw new GatehouseError("usage_invalid", `${text} is not HOST:PORT, such as 127.0.0.1:8450.`);
}
