import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import type { CommandTools } from "#cli";
import { openPins } from "./audit/pins.ts";
import { forgetEarlierLog } from "./earlier-log.ts";
import type { QuickStart } from "./quick-start.ts";

const options = z.object({ data: z.string() });
const root = resolve(import.meta.dirname, "../../..");

/** `gatehouse quick-start`, which is `npm start`: a whole Gatehouse on loopback with a simulated cloud behind it. */
export function addQuickStartCommand(program: Command, { add, action, terminal }: CommandTools): void {
  add(program, "quick-start", "try Gatehouse on this machine: nothing to configure, no cloud account")
    .option("--data <folder>", "where database and keys are kept", "data")
    .addHelpText("after", "\nExamples:\n  gatehouse quick-start\n  npm start")
    .action(
      action(async (_settings, command) => {
        const { startQuickStart } = await import("./quick-start.ts");
        const { untilSignal } = await import("./until-signal.ts");
        const { data } = options.parse(command.opts());
        const quickStart = await startQuickStart({
          data: resolve(data),
          policies: [join(root, "quick-start/policies")],
          masking: [join(root, "quick-start/masking")],
          ports: { control: 8440, proxy: 8441, provider: 8442, cloud: 8443 },
          operationMs: 2000,
          isQuiet: false,
        });
        const log = {
          server: new URL(quickStart.server.controlUrl).origin,
          verifierKey: readFileSync(join(resolve(data), "log.vkey"), "utf8").trim(),
        };
        const isAnother = forgetEarlierLog(openPins(terminal), log);
        terminal.out(welcome(quickStart, data));
        if (isAnother)
          terminal.out("Its log is another than that of your last quick start here, which is forgotten.\n");
        await untilSignal(quickStart.server.failed);
        terminal.out("\nDraining: running exchanges finish, held ones are recorded as unfinished.");
        await quickStart.close();
      }),
    );
}

const usualUrl = "http://127.0.0.1:8440";
const as = (person: string): string => `--as ${person}@example.com`;

function welcome({ server, provider, cloud }: QuickStart, data: string): string {
  // Elsewhere than usual, commands have to be told where; otherwise they find another Gatehouse.
  const isUsual = server.controlUrl === usualUrl && data === "data";
  const gatehouse = isUsual ? "npx gatehouse" : `npx gatehouse --url ${server.controlUrl}`;
  const run = `${gatehouse} run ${as("developer")} --project practice-project --`;
  return `
Gatehouse is up, on this machine only.${isUsual ? "" : "\nIts usual ports were taken, or its data folder is another; the commands below say where it is."}

  control plane      ${server.controlUrl}      sign in, approve: open it in a browser
  data plane         ${server.proxyUrl}      where agents' requests go
  identity provider  ${provider.issuer}      for development: it believes anybody
  practice cloud     ${cloud.url}      the simulated Google Cloud behind it

Who can sign in (no password):
  developer@example.com   runs agents            auditor@example.com    reads the log
  approver@example.com    decides held calls     operator@example.com   stops sessions
  second-approver@example.com and second-auditor@example.com, for what takes two people

The tour, in a second terminal in this folder:
  1  ${run} gcloud projects list
  2  ${run} gcloud secrets versions access latest --secret=db-password
  3  ${run} gcloud iam service-accounts keys create /tmp/key.json \\
       --iam-account=robot@practice-project.iam.gserviceaccount.com
  4  ${run} gcloud compute instances delete web-1 --zone=us-central1-a --quiet
     ${gatehouse} approvals list ${as("approver")}
     ${gatehouse} approvals approve ID ${as("approver")}
  5  ${gatehouse} sessions list ${as("auditor")}
     ${gatehouse} sessions show ID ${as("auditor")}
     npx gatehouse audit verify ${data}

Without gcloud:  npx gatehouse demo

Policies and masking rules are in quick-start/; edit them, they are reloaded. Ctrl-C stops everything.
`;
}
