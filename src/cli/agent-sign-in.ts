import { z } from "zod";
import { GatehouseError } from "#lib/errors";
import type { Secret } from "#lib/secret";
import { withLock } from "./file-lock.ts";
import {
  type DeviceLogin,
  loginFilePath,
  type ProviderLogin,
  readLogin,
  type StoredLogin,
  writeLogin,
} from "./login-file.ts";
import { commandProvider, renewSignIn, type SignIn, signInAs } from "./oidc.ts";
import type { Server } from "./server.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The sign-in that opens an agent's session: a person of the development provider with `--as`, otherwise the stored one,
 * renewed when its ID token runs out. Throws `sign_in_needed`.
 */
export async function agentSignIn(
  server: Server,
  person: string | undefined,
  terminal: Terminal,
): Promise<AgentProof> {
  if (person !== undefined) {
    return proofOf(await signInAs(server.info, commandProvider(server.info).agentClientId, person));
  }
  const login = loginFor(server, terminal);
  if (login.kind === "device") return deviceProof(login, terminal);
  if (isFresh(login.idToken, terminal)) return proofOf(login);
  // Several runs start at once; a provider that rotates refresh tokens takes two uses of one for a theft.
  return withLock(`${loginFilePath(terminal.environment)}.lock`, async () => {
    // Another command may have renewed it while we waited; its refresh token must not be used a second time.
    const current = loginFor(server, terminal);
    if (current.kind === "device") return deviceProof(current, terminal);
    return proofOf(isFresh(current.idToken, terminal) ? current : await renew(server, current, terminal));
  });
}

/** What opens an agent's session, or shows who somebody is; never what decides. */
export interface AgentProof {
  readonly token: Secret;
  readonly email: string | undefined;
}

function proofOf({ idToken, email }: Pick<SignIn, "idToken" | "email">): AgentProof {
  return { token: idToken, email };
}

/** Nobody renews such a login: after a day a person looks in again. */
function deviceProof({ token, email, endsAt }: DeviceLogin, { clock }: Terminal): AgentProof {
  if (clock.now() < endsAt) return { token, email };
  const message = "Your sign-in is over. Run `gatehouse login --device` to sign in again.";
  throw new GatehouseError("sign_in_needed", message);
}

function loginFor(server: Server, terminal: Terminal): StoredLogin {
  const login = readLogin(terminal.environment);
  const way = server.info.signIn.isDevelopment
    ? "Run `gatehouse login`, or name a person of the development provider with --as EMAIL."
    : "Run `gatehouse login`.";
  if (login === undefined) throw new GatehouseError("sign_in_needed", `Nobody is signed in. ${way}`);
  const isOfProvider = login.kind === "device" || login.issuer === server.info.signIn.issuer;
  if (login.serverUrl !== server.url || !isOfProvider) {
    throw new GatehouseError(
      "sign_in_needed",
      `You are signed in at ${login.serverUrl}, not at ${server.url} with its identity provider. ${way}`,
    );
  }
  return login;
}

async function renew(server: Server, login: ProviderLogin, terminal: Terminal): Promise<SignIn> {
  if (login.refreshToken === undefined) {
    throw new GatehouseError(
      "sign_in_needed",
      "Your sign-in is over. Run `gatehouse login` to sign in again.",
    );
  }
  const renewed = await renewSignIn(server.info, login.clientId, login.refreshToken);
  const signIn = {
    idToken: renewed.idToken,
    refreshToken: renewed.refreshToken ?? login.refreshToken,
    email: renewed.email ?? login.email,
  };
  writeLogin(terminal.environment, { ...login, ...signIn });
  return signIn;
}

const expiry = z.object({ exp: z.number() });

/** Read, not verified: the provider gave it to us, and the server judges it. A minute is kept for the way there. */
function isFresh(idToken: Secret, terminal: Terminal): boolean {
  try {
    const payload = Buffer.from(idToken.reveal().split(".")[1] ?? "", "base64url").toString("utf8");
    const { exp } = expiry.parse(JSON.parse(payload));
    return exp * 1000 - terminal.clock.now().getTime() > 60_000;
  } catch {
    return false;
  }
}
