import type { Command } from "commander";
import type { CommandTools } from "#cli";
import { addExportCommand } from "./audit/export.ts";
import { addVerifyCommand } from "./audit/verify.ts";

/** `gatehouse audit`: check the log without trusting the server, copy it. */
export function addAuditCommands(program: Command, tools: CommandTools): void {
  const audit = tools.add(program, "audit", "check and copy the audit log");
  addVerifyCommand(audit, tools);
  addExportCommand(audit, tools);
}
