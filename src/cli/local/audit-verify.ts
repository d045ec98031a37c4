import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import type { LogVerification } from "#audit";
import type { CommandTools } from "#cli";
import { GatehouseError, messageOf } from "#lib/errors";

const options = z.object({ key: z.string().optional(), pinned: z.string().optional() });

/**
 * `gatehouse audit verify FOLDER`: recomputes the whole log from the files of a data folder, without asking the server.
 * The verifier key should come from elsewhere (`--key`); the one in the folder proves only that the folder agrees with itself.
 */
export function addAuditVerifyCommand(program: Command, { add, action, terminal }: CommandTools): void {
  const audit = add(program, "audit", "check the audit log");
  add(audit, "verify <folder>", "verify every entry, attachment and checkpoint of a data folder")
    .option(
      "--key <verifier key>",
      "the log's verifier key, kept outside the folder (default: the folder's own)",
    )
    .option("--pinned <file>", "a checkpoint kept earlier; finds a log that was cut short or rewritten since")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse audit verify data\n  gatehouse audit verify data --pinned last-week.checkpoint --json",
    )
    .action(
      action(async ({ isJson }, command) => {
        const { key, pinned } = options.parse(command.opts());
        const folder = command.processedArgs.map(String)[0] ?? "";
        const verification = await verifyFolder(folder, key, pinned);
        terminal.out(isJson ? JSON.stringify(verification) : inWords(verification, key !== undefined));
        return verification.kind === "verified" ? 0 : 1;
      }),
    );
}

async function verifyFolder(
  folder: string,
  key: string | undefined,
  pinned: string | undefined,
): Promise<LogVerification> {
  const { verifyLog } = await import("#audit");
  const { openDatabaseForReading, sqliteAuditStore } = await import("../../storage/sqlite/index.ts");
  const database = await openDatabaseForReading(join(folder, "gatehouse.db"));
  try {
    return await verifyLog(sqliteAuditStore(database), {
      verifierKey: key ?? readText(join(folder, "log.vkey")).trim(),
      ...(pinned === undefined ? {} : { pinned: readText(pinned) }),
    });
  } finally {
    await database.close();
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new GatehouseError("file_unreadable", `Cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

function inWords(verification: LogVerification, isKeyFromOutside: boolean): string {
  if (verification.kind === "broken") {
    const place = verification.index === undefined ? "" : ` at entry ${verification.index}`;
    return `NOT VERIFIED${place}: ${verification.problem}`;
  }
  const { origin, entries, signedEntries, root, checkpoints, attachments, erasedAttachments } = verification;
  return [
    `Verified: ${origin}`,
    `  entries      ${entries}, of which ${signedEntries} under a signed checkpoint`,
    `  root         ${root}`,
    `  checkpoints  ${checkpoints}, each the signed root of a prefix of these entries`,
    `  attachments  ${attachments} as committed, ${erasedAttachments} erased`,
    ...(verification.containsPinned ? ["  pinned       contained: the log has only grown since then"] : []),
    ...(erasedAttachments > 0
      ? ["This version of Gatehouse erases nothing: ask who did. The entries themselves are as they were."]
      : []),
    ...(isKeyFromOutside
      ? []
      : [
          "The verifier key came from the folder itself; pass --key with one you kept to trust more than the folder.",
        ]),
  ].join("\n");
}
