import type { Command } from "commander";
import { z } from "zod";
import { callControlPlane } from "#agent";
import { agentSignIn } from "../agent-sign-in.ts";
import { signInInBrowser } from "../browser-sign-in.ts";
import type { CommandTools } from "../command-tools.ts";
import { readLogin, removeLogin, writeLogin } from "../login-file.ts";
import { revokeSignIn, type SignIn, signInAs } from "../oidc.ts";
import { findServer, type Server } from "../server.ts";
import type { Settings } from "../settings.ts";
import { facts } from "../text.ts";

const asOption = z.object({ as: z.string().optional() });

export function addSignInCommands(program: Command, tools: CommandTools): void {
  tools
    .add(program, "login", "sign in, so that `gatehouse run` can open sessions for you")
    .option("--as <email>", "a person of the development identity provider")
    .action(tools.action(login))
    .addHelpText("after", loginExamples);
  tools.add(program, "logout", "forget the stored sign-in").action(tools.action(logout));
  tools
    .add(program, "whoami", "say who is signed in, and what the server makes of it")
    .option("--as <email>", "a person of the development identity provider")
    .action(tools.action(whoAmI));
}

const loginExamples = `
Examples:
  gatehouse login
  gatehouse login --url https://gatehouse.example.com
  gatehouse login --as developer@example.com             (development identity provider)`;

async function login(settings: Settings, command: Command): Promise<void> {
  const { as: person } = asOption.parse(command.opts());
  const { terminal } = settings;
  const server = await findServer(settings);
  const signIn = await signInForStorage(server, person, settings);
  writeLogin(terminal.environment, {
    serverUrl: server.url,
    issuer: server.info.signIn.issuer,
    clientId: server.info.signIn.agentClientId,
    ...signIn,
  });
  const name = signIn.email ?? "an account without e-mail";
  if (settings.isJson) terminal.out(JSON.stringify({ email: signIn.email, serverUrl: server.url }));
  else terminal.out(`Signed in at ${server.url} as ${name}.\nNext: gatehouse run -- gcloud projects list`);
}

function signInForStorage(
  { info }: Server,
  person: string | undefined,
  { terminal }: Settings,
): Promise<SignIn> {
  const clientId = info.signIn.agentClientId;
  if (person !== undefined) return signInAs(info, clientId, person);
  return signInInBrowser({ info, clientId, isStored: true, terminal });
}

async function logout(settings: Settings): Promise<void> {
  const { terminal } = settings;
  const stored = readLogin(terminal.environment);
  const wasSignedIn = removeLogin(terminal.environment);
  if (stored?.refreshToken !== undefined) await revokeQuietly(settings, stored.clientId, stored);
  if (settings.isJson) terminal.out(JSON.stringify({ wasSignedIn }));
  else terminal.out(wasSignedIn ? "Signed out." : "Nobody was signed in.");
}

/** Forgetting is what was asked; a provider that is down must not keep anyone signed in here. */
async function revokeQuietly(
  settings: Settings,
  clientId: string,
  stored: { serverUrl: string; issuer: string; refreshToken: SignIn["refreshToken"] },
): Promise<void> {
  try {
    const { info } = await findServer({ ...settings, url: stored.serverUrl });
    if (stored.refreshToken === undefined || info.signIn.issuer !== stored.issuer) return;
    await revokeSignIn(info, clientId, stored.refreshToken);
  } catch {
    settings.terminal.err("The identity provider could not be told; the sign-in there ends by itself.");
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
  const { idToken, email } = await agentSignIn(server, person, terminal);
  const answer = await callControlPlane({ url: server.url, path: "/api/v1/me", bearer: idToken, answer: me });
  const lines = facts([
    ["Server", server.url],
    ["Signed in as", answer.principal?.email ?? email ?? answer.principal?.subject],
    ["Identity provider", server.info.signIn.issuer],
    ["Roles", answer.roles?.join(", ")],
  ]);
  terminal.out(settings.isJson ? JSON.stringify(answer) : lines);
}
