import type { Command } from "commander";
import { z } from "zod";
import type { Helper } from "#agent";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { CommandTools } from "../command-tools.ts";
import { type ClientProbe, clientProbes } from "../doctor/client-probe.ts";
import { type Finding, findingOf } from "../doctor/finding.ts";
import { findLeftovers, type Leftover } from "../doctor/leftovers.ts";
import { findOnPath, runProbe } from "../doctor/run-probe.ts";
import { exitCodes } from "../exit-codes.ts";
import { NotStarted } from "../failure.ts";
import { readHelperToken } from "../helper-token.ts";
import { readLogin } from "../login-file.ts";
import { reachesLoopback } from "../loopback.ts";
import { noticeOf, openHelper, parseRunOptions, type RunOptions } from "../run-session.ts";
import { findServer, type Server } from "../server.ts";
import type { Settings } from "../settings.ts";
import { printable, table } from "../text.ts";

export function addDoctorCommand(program: Command, tools: CommandTools): void {
  tools
    .add(program, "doctor", "try every client on this machine through Gatehouse, and say what is wrong")
    .option("--connection <name>", "the connection to use, where several fit")
    .option("--project <id>", "Google Cloud project to ask for")
    .option("--as <email>", "a person of the development identity provider")
    .option("--client <name...>", "only these clients")
    .action(tools.action(doctor))
    .addHelpText("after", examples);
}

const examples = `
Opens a session, runs each client with a question that changes nothing, and looks at what happens.

Examples:
  gatehouse doctor
  gatehouse doctor --client gcloud terraform --json`;

/** A client that is still quiet after this has a way around the helper, or none at all. */
const probeTimeoutMs = 90_000;

const doctorOptions = z.object({ client: z.array(z.string()).optional() });

interface Report {
  readonly server: string;
  readonly as: string | undefined;
  /** Whether loopback TCP can be reached from here; some agents' sandboxes forbid it. */
  readonly loopback: boolean;
  readonly clients: readonly Finding[];
  readonly leftovers: readonly Leftover[];
}

async function doctor(settings: Settings, command: Command): Promise<number> {
  const given = command.opts();
  const { client: wanted } = doctorOptions.parse(given);
  requireKnown(wanted);
  const server = await findServer(settings);
  const { connection, project, as } = parseRunOptions(given);
  const person = as ?? developmentPerson(server, settings);
  const installed = clientProbes
    .filter(({ client }) => wanted === undefined || wanted.includes(client))
    .flatMap((probe) => {
      const path = findOnPath(probe.client, settings.terminal.environment);
      return path === undefined ? [] : [{ probe, path }];
    });
  const clients = await probeAll(settings, server, {
    installed,
    options: { agent: "gatehouse doctor", connection, project, as: person },
  });
  const leftovers = await findLeftovers(settings.terminal.environment);
  const loopback = await reachesLoopback();
  say(settings, { server: server.url, as: person, loopback, clients, leftovers });
  return clients.every(({ works }) => works) ? exitCodes.ok : exitCodes.failed;
}

/** A misspelt client must not pass for one that works. */
function requireKnown(wanted: readonly string[] | undefined): void {
  const known = clientProbes.map(({ client }) => client);
  const stranger = wanted?.find((client) => !known.includes(client));
  if (stranger === undefined) return;
  throw new GatehouseError(
    "usage_invalid",
    `Nothing is known of ${stranger}. --client takes ${known.join(", ")}.`,
  );
}

/** With the quick start nobody has to sign in to try: its first person runs agents. Elsewhere a person has signed in. */
function developmentPerson({ info, url }: Server, { terminal }: Settings): string | undefined {
  const isSignedIn = readLogin(terminal.environment)?.serverUrl === url;
  return info.signIn.isDevelopment && !isSignedIn ? "developer@example.com" : undefined;
}

interface Installed {
  readonly probe: ClientProbe;
  readonly path: string;
}

async function probeAll(
  settings: Settings,
  server: Server,
  { installed, options }: { readonly installed: readonly Installed[]; readonly options: RunOptions },
): Promise<Finding[]> {
  if (installed.length === 0) return [];
  let tunnels = 0;
  const helper = await openProbed(settings, server, options, () => {
    tunnels += 1;
  });
  try {
    const findings: Finding[] = [];
    // One after the other: a tunnel that opens meanwhile is this client's.
    for (const { probe, path } of installed) {
      const observation = await runProbe(probe, {
        path,
        project: projectOf(helper, options),
        environment: helper.environment,
        token: await readHelperToken(server.url, helper.environment),
        tunnelsOpened: () => tunnels,
        timeoutMs: probeTimeoutMs,
      });
      findings.push(findingOf({ client: probe.client, path }, observation));
    }
    return findings;
  } finally {
    await helper.close();
  }
}

/** Always in this process: what passes the helper is what is looked at. */
async function openProbed(
  settings: Settings,
  server: Server,
  options: RunOptions,
  onGatewayTunnel: () => void,
): Promise<Helper> {
  const { environment } = settings.terminal;
  try {
    const surroundings = { environment, notice: noticeOf(settings), onGatewayTunnel };
    return await openHelper(settings, server, options, surroundings);
  } catch (cause) {
    throw new NotStarted("the run was not started", { cause });
  }
}

/** bq insists on one; a project that nobody has is refused by Gatehouse, and that is an answer too. */
function projectOf(helper: Helper, { project }: RunOptions): string {
  return project ?? (helper.environment["CLOUDSDK_CORE_PROJECT"] || "gatehouse-doctor-probe");
}

function say({ terminal, isJson }: Settings, report: Report): void {
  const { server, as, loopback, clients, leftovers } = report;
  if (isJson) {
    terminal.out(printableJson({ ...report, works: clients.every(({ works }) => works) }));
    return;
  }
  terminal.out(
    printable(
      `Server ${server}${as === undefined ? "" : `, as ${as} of its development identity provider`}\n`,
    ),
  );
  if (!loopback) terminal.out(sandboxed);
  if (clients.length === 0) terminal.out("None of the clients that Gatehouse knows is on the PATH.");
  else terminal.out(table(["CLIENT", "ROUTED", "TRUSTED", "AUTHENTICATED", "SEEN"], clients.map(rowOf)));
  for (const { client, mend } of clients) {
    if (mend !== undefined) terminal.out(printable(`\n${client}: ${mend}`));
  }
  for (const { what, where, mend } of leftovers) {
    terminal.out(printable(`\nWarning: ${what} reaches Google past Gatehouse.\n  ${where}\n  ${mend}`));
  }
}

const sandboxed =
  "Loopback TCP is forbidden here, as in a sandbox: no client reaches a helper's ports.\nUse `gatehouse run --socket -- COMMAND`, whose tokens come over a Unix socket.\n";

function rowOf({ client, routed, trusted, authenticated, seen }: Finding): string[] {
  const word = (holds: boolean): string => (holds ? "yes" : "no");
  return [client, word(routed), word(trusted), word(authenticated), seen];
}
