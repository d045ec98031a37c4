import { readFileSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { GatehouseError } from "#lib/errors";
import { Secret } from "#lib/secret";
import { replaceWhole } from "#lib/whole-file";

/** A person's stored sign-in. Whatever kind it is, it opens agent sessions and decides nothing. */
export type StoredLogin = ProviderLogin | DeviceLogin;

/** Tokens of the agent client, straight from the identity provider. */
export interface ProviderLogin {
  readonly kind: "provider";
  /** The server these tokens are for; no other gets to see them. */
  readonly serverUrl: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly idToken: Secret;
  readonly refreshToken: Secret | undefined;
  readonly email: string | undefined;
}

/** A login that somebody made with the browser for this machine; the server alone knows what it is worth. */
export interface DeviceLogin {
  readonly kind: "device";
  readonly serverUrl: string;
  readonly token: Secret;
  readonly endsAt: Date;
  readonly email: string | undefined;
}

const providerLogin = z.object({
  kind: z.literal("provider").default("provider"),
  serverUrl: z.url(),
  issuer: z.url(),
  clientId: z.string(),
  idToken: z.string(),
  refreshToken: z.string().optional(),
  email: z.string().optional(),
});
const deviceLogin = z.object({
  kind: z.literal("device"),
  serverUrl: z.url(),
  token: z.string(),
  endsAt: z.iso.datetime().transform((text) => new Date(text)),
  email: z.string().optional(),
});
const stored = z.union([deviceLogin, providerLogin]);

export function loginFilePath(environment: NodeJS.ProcessEnv): string {
  return join(stateFolder(environment), "login.json");
}

/** What was seen of servers' logs: a file for each server. */
export function pinFolder(environment: NodeJS.ProcessEnv): string {
  return join(stateFolder(environment), "log-pins");
}

function stateFolder(environment: NodeJS.ProcessEnv): string {
  const state = environment["XDG_STATE_HOME"];
  if (state === undefined || state === "") {
    return join(environment["HOME"] ?? homedir(), ".config", "gatehouse");
  }
  return join(state, "gatehouse");
}

/** The stored sign-in, or nothing. Throws `login_file_open_to_others` when somebody else may have copied it. */
export function readLogin(environment: NodeJS.ProcessEnv): StoredLogin | undefined {
  const path = loginFilePath(environment);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (process.platform !== "win32" && (found.mode & 0o077) !== 0) {
    throw new GatehouseError(
      "login_file_open_to_others",
      `${path} can be read by other users of this machine. Run \`gatehouse logout\` and sign in again.`,
    );
  }
  const parsed = stored.safeParse(parseJson(readFileSync(path, "utf8")));
  if (!parsed.success) return undefined;
  return withSecrets(parsed.data);
}

function withSecrets(read: z.infer<typeof stored>): StoredLogin {
  if (read.kind === "device") return { ...read, email: read.email, token: new Secret(read.token) };
  const { idToken, refreshToken, email, ...rest } = read;
  return {
    ...rest,
    email,
    idToken: new Secret(idToken),
    refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken),
  };
}

/** Whole or not at all: another command may be reading. */
export function writeLogin(environment: NodeJS.ProcessEnv, login: StoredLogin): void {
  const path = loginFilePath(environment);
  const content =
    login.kind === "device"
      ? { ...login, token: login.token.reveal() }
      : { ...login, idToken: login.idToken.reveal(), refreshToken: login.refreshToken?.reveal() };
  replaceWhole(path, `${JSON.stringify(content, undefined, 2)}\n`);
}

export function removeLogin(environment: NodeJS.ProcessEnv): boolean {
  const path = loginFilePath(environment);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return false;
  rmSync(path);
  return true;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
