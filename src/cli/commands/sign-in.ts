import type { Command } from "commander";
import { z } from "zod";
import { callControlPlane } from "#agent";
import { printableJson } from "#lib/printable";
import { agentSignIn } from "../agent-sign-in.ts";
import { signInInBrowser } from "../browser-sign-in.ts";
import type { CommandTools } from "../command-tools.ts";
import { revokeDeviceLogin, signInByDevice } from "../device-sign-in.ts";
import { readLogin, removeLogin, type StoredLogin, writeLogin } from "../login-file.ts";
import { commandProvider, revokeSignIn, signInAs } from "../oidc.ts";
import { findServer, type Server } from "../server.ts";
import type { Settings } from "../settings.ts";
import { facts, printable } from "../text.ts";

const asOption = z.object({ as: z.string().optional() });
const loginOptions = asOption.extend({ device: z.boolean().optional() });

export function addSignInCommands(program: Command, tools: CommandTools): void {
  tools
    .add(program, "login", "sign in, so that `gatehouse run` can open sessions for you")
    .option("--as <email>", "a person of the development identity provider")
    .option("--device", "show a code to type into any browser, at any of the server's identity providers")
    .action(tools.action(login))
    .addHelpText("after", loginExamples);
  tools
    .add(program, "logout", "forget the stored sign-in")
    .addHelpText("after", "\nExamples:\n  gatehouse logout")
    .action(tools.action(logout));
  tools
    .add(program, "whoami", "say who is signed in, and what the server makes of it")
    .option("--as <email>", "a person of the development identity provider")
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse whoami\n  gatehouse whoami --as developer@example.com   (development identity provider)",
    )
    .action(tools.action(whoAmI));
}

const loginExamples = `
Examples:
  gatehouse login
  gatehouse login --url https://gatehouse.example.com
  gatehouse login --device                               (no browser here, or a SAML provider)
  gatehouse login --as developer@example.com             (development identity provider)`;

async function login(settings: Settings, command: Command): Promise<void> {
  const { as: person, device } = loginOptions.parse(command.opts());
  const { terminal } = settings;
  const server = await findServer(settings);
  // Without a provider that commands can speak to, the browser is the only way.
  const isByDevice = device === true || server.info.signIn.issuer === undefined;
  const signIn = isByDevice
    ? await signInByDevice(server, terminal)
    : await signInForStorage(server, person, settings);
  writeLogin(terminal.environment, signIn);
  const name = signIn.email ?? "an account without e-mail";
  if (settings.isJson) terminal.out(printableJson({ email: signIn.email, serverUrl: server.url }));
  else
    terminal.out(
      printable(`Signed in at ${server.url} as ${name}.\nNext: gatehouse run -- gcloud projects list`),
    );
}

async function signInForStorage(
  { info, url }: Server,
  person: string | undefined,
  { terminal }: Settings,
): Promise<StoredLogin> {
  const { agentClientId: clientId, issuer } = commandProvider(info);
  const signIn =
    person === undefined
      ? await signInInBrowser({ info, clientId, isStored: true, terminal })
      : await signInAs(info, clientId, person);
  return { kind: "provider", serverUrl: url, issuer, clientId, ...signIn };
}

async function logout(settings: Settings): Promise<void> {
  const { terminal } = settings;
  const stored = readLogin(terminal.environment);
  const wasSignedIn = removeLogin(terminal.environment);
  if (stored !== undefined) await revokeQuietly(settings, stored);
  if (settings.isJson) terminal.out(printableJson({ wasSignedIn }));
  else terminal.out(wasSignedIn ? "Signed out." : "Nobody was signed in.");
}

/** Forgetting is what was asked; a server or provider that is down must not keep anyone signed in here. */
async function revokeQuietly(settings: Settings, stored: StoredLogin): Promise<void> {
  try {
    if (stored.kind === "device") {
      await revokeDeviceLogin(stored);
      return;
    }
    if (stored.refreshToken === undefined) return;
    const { info } = await findServer({ ...settings, url: stored.serverUrl });
    if (info.signIn.issuer !== stored.issuer) return;
    await revokeSignIn(info, stored.clientId, stored.refreshToken);
  } catch {
    const who = stored.kind === "device" ? "The server" : "The identity provider";
    settings.terminal.err(`${who} could not be told; the sign-in there ends by itself.`);
  }
}

/** The control plane's own description of a caller; what it adds later is shown with --json. */
const me = z.looseObject({
  principal: z
    .looseObject({ email: z.string().optional(), subject: z.string(), issuer: z.string() })
    .optional(),
  roles: z.array(z.string()).optional(),
});

async function whoAmI(settings: Settings, command: Command): Promise<void> {
  const { as: person } = asOption.parse(command.opts());
  const { terminal } = settings;
  const server = await findServer(settings);
  const { token, email } = await agentSignIn(server, person, terminal);
  const answer = await callControlPlane({ url: server.url, path: "/api/v1/me", bearer: token, answer: me });
  const lines = facts([
    ["Server", server.url],
    ["Signed in as", answer.principal?.email ?? email ?? answer.principal?.subject],
    ["Identity provider", answer.principal?.issuer ?? server.info.signIn.issuer],
    ["Roles", answer.roles?.join(", ")],
  ]);
  terminal.out(settings.isJson ? printableJson(answer) : lines);
}
