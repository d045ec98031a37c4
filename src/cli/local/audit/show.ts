import type { Command } from "commander";
import { z } from "zod";
import { type AuditEntryDetail, auditEntryDetail } from "#api";
import { type CommandTools, facts, moment, printable } from "#cli";
import { printableJson } from "#lib/printable";
import { erasureText } from "../../erasure-text.ts";
import { entryIndex, signInAsAuditor } from "./auditor.ts";

const asOption = z.object({ as: z.string().optional() });

/** `gatehouse audit show INDEX`: one entry with its detail in clear, and what became of what it commits to. */
export function addShowCommand(audit: Command, { add, action, terminal }: CommandTools): void {
  add(audit, "show <index>", "show one entry of a server's log with its detail (auditors; an entry itself)")
    .option("--as <email>", "a person of the development identity provider")
    .addHelpText("after", "\nExamples:\n  gatehouse audit show 42\n  gatehouse audit show 42 --json")
    .action(
      action(async (settings, command) => {
        const index = entryIndex(command.args[0]);
        const auditor = await signInAsAuditor(asOption.parse(command.opts()).as, settings);
        const entry = await auditor.ask(`/api/v1/audit/entries/${index}`, auditEntryDetail);
        terminal.out(settings.isJson ? printableJson(entry) : entryText(entry));
      }),
    );
}

function entryText(entry: AuditEntryDetail): string {
  const lines = facts([
    ["Entry", String(entry.index)],
    ["Stage", (entry.stages ?? [entry.stage]).join(", ")],
    ["Kind", entry.kind],
    ["Problem", entry.problem],
    ["Time", entry.at === "" ? undefined : moment(entry.at)],
    ["Principal", entry.principal],
    ["Agent", entry.agent],
    ["Session", entry.session],
    ["Exchange", entry.exchange],
    ["Approval request", entry.approval],
    [
      "Operation",
      entry.operation === undefined ? undefined : `${entry.operation} (${entry.class ?? "unknown"})`,
    ],
    ["Resource", entry.resource],
    ["Decision", entry.decision],
    ["Status", entry.status === undefined ? undefined : String(entry.status)],
    ["Policies", entry.policy],
    ["Leaf hash", entry.leafHash],
    ["Erased", entry.erasure === undefined ? undefined : erasureText(entry.erasure)],
    ...entry.attachments.map(
      ({ role, bytes, state }) =>
        [`Attached`, `${role}, ${bytes} bytes, ${state.replace("_", " ")}`] as const,
    ),
  ]);
  const detail = entry.detail === undefined ? "" : `\n\n${printable(JSON.stringify(entry.detail, null, 2))}`;
  return `${lines}${detail}\n\n${printable(entry.leaf)}`;
}
