import type { Command } from "commander";
import { z } from "zod";
import { type LogPin, LogPins } from "#agent";
import { type CommandTools, facts, moment, printable } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { parseCheckpoint, type Verifier } from "#tlog";
import { pinFolder } from "../../login-file.ts";
import type { Terminal } from "../../terminal.ts";

const options = z.object({ forget: z.string().optional() });

/** `gatehouse audit pins`: what this user's runs have seen of servers' logs, and will not see contradicted. */
export function addPinsCommand(audit: Command, { add, action, terminal }: CommandTools): void {
  add(audit, "pins", "list the newest checkpoints that your runs have seen, one for each server")
    .option("--forget <url>", "forget one server's, so that its log may begin anew")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const { forget } = options.parse(command.opts());
        const pins = openPins(terminal);
        if (forget !== undefined) {
          const server = URL.canParse(forget) ? new URL(forget).origin : forget;
          if (!pins.forget(server)) throw missing(server);
          terminal.out(
            settings.isJson ? printableJson({ forgotten: server }) : printable(`${server} is forgotten.`),
          );
          return;
        }
        const all = pins.all().map(described);
        terminal.out(
          settings.isJson
            ? printableJson({ pins: all })
            : all.length === 0
              ? "Nothing was seen yet."
              : all.map(inWords).join("\n\n"),
        );
      }),
    );
}

const examples = `
Examples:
  gatehouse audit pins --json
  gatehouse audit pins --forget https://gatehouse.example.com
  gatehouse audit verify --pin

Forget a server only when its operator has told you, by another way, why its log began anew.`;

export function openPins({ environment }: Pick<Terminal, "environment">): LogPins {
  return new LogPins(pinFolder(environment));
}

/** The checkpoints that were pinned of the log with this key. Throws `log_pin_missing`. */
export function pinnedOf(verifier: Verifier, keyText: string, terminal: Terminal): readonly string[] {
  const found = openPins(terminal)
    .all()
    .filter(({ verifierKey }) => verifierKey === keyText);
  if (found.length === 0) throw missing(verifier.name);
  return found.map(({ checkpoint }) => checkpoint);
}

function missing(what: string): GatehouseError {
  return new GatehouseError(
    "log_pin_missing",
    `Nothing was seen of ${what} yet; \`gatehouse audit pins\` lists what was.`,
  );
}

interface Described {
  readonly server: string;
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly seenAt: string;
  readonly verifierKey: string;
  readonly checkpoint: string;
}

function described(pin: LogPin): Described {
  const checkpoint = parseCheckpoint(pin.checkpoint);
  const root = checkpoint === undefined ? "" : Buffer.from(checkpoint.root).toString("hex");
  return { ...pin, origin: checkpoint?.origin ?? "", size: checkpoint?.size ?? 0, root };
}

function inWords({ server, origin, size, root, seenAt, verifierKey }: Described): string {
  return facts([
    ["Server", server],
    ["Log", origin],
    ["Size", String(size)],
    ["Root", root],
    ["Seen", moment(seenAt)],
    ["Key", verifierKey],
  ]);
}
