import type { Command } from "commander";
import { z } from "zod";
import { custodyRequest } from "#api";
import { type CommandTools, printable } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { sessionId } from "../../commands/session-id.ts";
import { signInAsAuditor } from "./auditor.ts";
import { confirmRequest } from "./confirm.ts";

const text = z.string().optional();
const options = z.object({ reason: text, confirm: text, as: text });

/** `gatehouse audit erase`: one auditor asks, another confirms, and the session's key and recordings are gone. */
export function addEraseCommand(audit: Command, { add, action, terminal }: CommandTools): void {
  add(
    audit,
    "erase [session]",
    "erase a session's recordings and names; takes two auditors, and has no way back",
  )
    .option("--reason <text>", "kept in the record, for ever")
    .option("--confirm <request>", "agree, as a second auditor; erases at once")
    .option("--as <email>", "a person of the development identity provider")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const { reason, confirm, as: person } = options.parse(command.opts());
        const named = command.args[0];
        if (confirm !== undefined && named === undefined) return confirmRequest(confirm, person, settings);
        if (named === undefined || reason === undefined || confirm !== undefined)
          throw new GatehouseError("usage_invalid", "Name a session and a --reason, or --confirm a request.");
        const auditor = await signInAsAuditor(person, settings);
        const json = { session: sessionId(named), reason };
        const request = await auditor.ask("/api/v1/audit/erasures", custodyRequest, json);
        const said = `Nothing is erased yet. Another auditor confirms it: gatehouse audit erase --confirm ${request.id}`;
        terminal.out(settings.isJson ? printableJson(request) : printable(said));
      }),
    );
}

const examples = `
Examples:
  gatehouse audit erase ses_0199c2… --reason "Asked for by the person, ticket 4711"
  gatehouse audit erase --confirm req_0199c2…

The entries stay, and the log still verifies and says what was erased, by whom and why. Not while the session
runs (gatehouse sessions stop), and never under a hold.
Exit status: 0 asked for, or erased; 3 refused: the same person, a hold, or a session that runs.`;
