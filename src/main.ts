import { runCommandLine } from "#cli";
import { addAuditCommands } from "./cli/local/audit.ts";
import { addCatalogueCommand } from "./cli/local/catalogue/command.ts";
import { addCertificateCommand } from "./cli/local/certificate.ts";
import { addConfigCommand } from "./cli/local/config.ts";
import { addDemoCommand } from "./cli/local/demo.ts";
import { addPolicyCommand } from "./cli/local/policy.ts";
import { addPracticeCloudCommand } from "./cli/local/practice-cloud.ts";
import { addQuickStartCommand } from "./cli/local/quick-start-command.ts";
import { addServeCommand } from "./cli/local/serve.ts";
import { packageVersion } from "./composition/server-description.ts";

/** Commands that run modules in this process, in the order of the help. */
export const localCommands = [
  addQuickStartCommand,
  addServeCommand,
  addDemoCommand,
  addPolicyCommand,
  addAuditCommands,
  addCatalogueCommand,
  addConfigCommand,
  addCertificateCommand,
  addPracticeCloudCommand,
];

/** The `gatehouse` command. What a command needs beyond words is loaded when it runs, so that helpers start quickly. */
export function main(words: readonly string[]): Promise<number> {
  return runCommandLine(words, { version: packageVersion(), localCommands });
}
