import type { Command } from "commander";
import type { CommandTools } from "#cli";
import { addArchiveCommand } from "./audit/archive.ts";
import { addEraseCommand } from "./audit/erase.ts";
import { addExportCommand } from "./audit/export.ts";
import { addHoldCommands } from "./audit/hold.ts";
import { addPinsCommand } from "./audit/pins.ts";
import { addProveCommand } from "./audit/prove.ts";
import { addSearchCommand } from "./audit/search.ts";
import { addShowCommand } from "./audit/show.ts";
import { addVerifyCommand } from "./audit/verify.ts";
import { addWitnessCommand } from "./audit/witness.ts";

/** `gatehouse audit`: check the log without trusting the server, copy it, look into it. */
export function addAuditCommands(program: Command, tools: CommandTools): void {
  const audit = tools.add(program, "audit", "check the audit log, copy it, look into it");
  addVerifyCommand(audit, tools);
  addExportCommand(audit, tools);
  addSearchCommand(audit, tools);
  addShowCommand(audit, tools);
  addProveCommand(audit, tools);
  addPinsCommand(audit, tools);
  addWitnessCommand(audit, tools);
  addArchiveCommand(audit, tools);
  addHoldCommands(audit, tools);
  addEraseCommand(audit, tools);
}
