import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { GatehouseError } from "#lib/errors";
import { Secret } from "#lib/secret";

/** A person's stored sign-in: the agent client's tokens only, which open agent sessions and decide nothing. */
export interface StoredLogin {
  /** The server these tokens are for; no other gets to see them. */
  readonly serverUrl: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly idToken: Secret;
  readonly refreshToken: Secret | undefined;
  readonly email: string | undefined;
}

const stored = z.object({
  serverUrl: z.url(),
  issuer: z.url(),
  clientId: z.string(),
  idToken: z.string(),
  refreshToken: z.string().optional(),
  email: z.string().optional(),
});

export function loginFilePath(environment: NodeJS.ProcessEnv): string {
  const state = environment["XDG_STATE_HOME"];
  const folder =
    state === undefined || state === ""
      ? join(environment["HOME"] ?? homedir(), ".config", "gatehouse")
      : join(state, "gatehouse");
  return join(folder, "login.json");
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
  const { idToken, refreshToken, email, ...rest } = parsed.data;
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
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const content = {
    ...login,
    idToken: login.idToken.reveal(),
    refreshToken: login.refreshToken?.reveal(),
  };
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600, flag: "wx" });
  renameSync(draft, path);
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
