import { signInInBrowser } from "./browser-sign-in.ts";
import { commandProvider, type SignIn, signInAs } from "./oidc.ts";
import type { Server } from "./server.ts";
import type { Terminal } from "./terminal.ts";

/**
 * A fresh sign-in for approvers' and auditors' acts. It lives in this process only: an agent on an approver's machine
 * finds nothing on disk that decides.
 */
export function consoleSignIn(
  server: Server,
  person: string | undefined,
  terminal: Terminal,
): Promise<SignIn> {
  const { info } = server;
  const clientId = commandProvider(info).consoleClientId;
  if (person !== undefined) return signInAs(info, clientId, person);
  return signInInBrowser({ info, clientId, isStored: false, terminal });
}
