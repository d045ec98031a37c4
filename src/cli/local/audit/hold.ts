import type { Command } from "commander";
import { z } from "zod";
import { custodyRequest, type HoldView, hold, holdList } from "#api";
import { type CommandTools, moment, printable, table } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { sessionId } from "../../commands/session-id.ts";
import { requireEntryWord } from "../../entry-word.ts";
import type { Settings } from "../../settings.ts";
import { signInAsAuditor } from "./auditor.ts";
import { confirmRequest } from "./confirm.ts";
import { spanOf } from "./entry-filter.ts";

const asText = "a person of the development identity provider";
const words = ["principal", "agent", "resource", "operation", "class"] as const;

/** `gatehouse audit hold`: what must not be erased. One auditor sets a hold, two release it. */
export function addHoldCommands(audit: Command, tools: CommandTools): void {
  const holds = tools.add(audit, "hold", "keep recordings from being erased (auditors)");
  holds.addHelpText("afterAll", examples);
  const set = tools
    .add(holds, "set [session]", "hold a session, or every session that a query finds, now or later")
    .requiredOption("--reason <text>", "kept in the record")
    .option("--from <time>", "with entries not before: 2026-11-24T12:00:00Z, or 90s, 30m, 2h ago")
    .option("--to <time>", "with entries before: 2026-11-24T12:00:00Z, or 90s, 30m, 2h ago")
    .option("--as <email>", asText);
  for (const word of words) set.option(`--${word} <${word}>`, `with an entry of exactly this ${word}`);
  set.action(tools.action(setHold));
  tools
    .add(holds, "release [hold]", "ask for a hold's end, or confirm what another auditor asked for")
    .option("--reason <text>", "kept in the record")
    .option("--confirm <request>", "agree, as a second auditor")
    .option("--as <email>", asText)
    .action(tools.action(release));
  tools
    .add(holds, "list", "list the holds that stand, and requests that wait for a second auditor")
    .option("--as <email>", asText)
    .action(tools.action(list));
}

const examples = `
Examples:
  gatehouse audit hold set ses_0199c2… --reason "Case 17"
  gatehouse audit hold set --principal developer@example.com --from 2026-11-01 --reason "Case 17"
  gatehouse audit hold list
  gatehouse audit hold release hld_0199c2… --reason "Case 17 is closed"
  gatehouse audit hold release --confirm req_0199c2…

A hold is in force at once. Releasing takes two different auditors.`;

const text = z.string().optional();
const setOptions = z.object({
  principal: text,
  agent: text,
  resource: text,
  operation: text,
  class: text,
  reason: z.string(),
  from: text,
  to: text,
  as: text,
});

async function setHold(settings: Settings, command: Command): Promise<void> {
  const { as: person, reason, from, to, ...exact } = setOptions.parse(command.opts());
  requireEntryWord("class", exact.class);
  const query = { ...exact, ...spanOf({ from, to }, settings) };
  const session = command.args[0];
  const hasQuery = Object.keys(query).length > 0;
  if ((session !== undefined) === hasQuery)
    throw new GatehouseError("usage_invalid", "Name one session, or what to look for; one of the two.");
  const json = session === undefined ? { query, reason } : { session: sessionId(session), reason };
  const auditor = await signInAsAuditor(person, settings);
  const made = await auditor.ask("/api/v1/audit/holds", hold, json);
  const said = `Held: ${scopeText(made)}. In force now, as ${made.id}.`;
  settings.terminal.out(settings.isJson ? printableJson(made) : printable(said));
}

const releaseOptions = z.object({ reason: text, confirm: text, as: text });

async function release(settings: Settings, command: Command): Promise<void> {
  const { reason, confirm, as: person } = releaseOptions.parse(command.opts());
  const id = command.args[0];
  if (confirm !== undefined && id === undefined) return confirmRequest(confirm, person, settings);
  if (id === undefined || reason === undefined || confirm !== undefined || !/^hld_[A-Za-z0-9]+$/.test(id))
    throw new GatehouseError("usage_invalid", "Name a hold and a --reason, or --confirm a request.");
  const auditor = await signInAsAuditor(person, settings);
  const request = await auditor.ask(`/api/v1/audit/holds/${id}/release`, custodyRequest, { reason });
  const said = `Asked for. Another auditor confirms it: gatehouse audit hold release --confirm ${request.id}`;
  settings.terminal.out(settings.isJson ? printableJson(request) : printable(said));
}

async function list(settings: Settings, command: Command): Promise<void> {
  const { as: person } = z.object({ as: text }).parse(command.opts());
  const auditor = await signInAsAuditor(person, settings);
  const listed = await auditor.ask("/api/v1/audit/holds", holdList);
  settings.terminal.out(settings.isJson ? printableJson(listed) : listText(listed, settings));
}

function listText({ holds, requests }: z.infer<typeof holdList>, { terminal }: Settings): string {
  const { screenColumns } = terminal;
  const standing =
    holds.length === 0
      ? "No hold stands."
      : table(
          ["HOLD", "ON", "SET", "BY", "REASON"],
          holds.map((each) => [each.id, scopeText(each), moment(each.setAt), each.setBy, each.reason]),
          screenColumns,
        );
  if (requests.length === 0) return standing;
  const waiting = table(
    ["REQUEST", "TO", "ASKED", "BY", "REASON"],
    requests.map((each) => [
      each.id,
      `${each.act} ${each.subject}`,
      moment(each.requestedAt),
      each.requestedBy,
      each.reason,
    ]),
    screenColumns,
  );
  return `${standing}\n\nWaiting for a second auditor:\n${waiting}`;
}

function scopeText({ session, query }: HoldView): string {
  if (session !== undefined) return session;
  return Object.entries(query ?? {})
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}
