import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { installed } from "../clients/installed.ts";
import { freePort } from "./gateway-with-providers.ts";

const tables = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";

/** Whether Debian's Glewlwyd is here; otherwise a printed reason. */
export function isGlewlwydInstalled(): boolean {
  if (installed("glewlwyd") !== undefined && installed("sqlite3") !== undefined && existsSync(tables))
    return true;
  process.stdout.write("skipped: Glewlwyd is not installed (apt-get install glewlwyd sqlite3)\n");
  return false;
}

export interface Glewlwyd {
  readonly issuer: string;
  close(): Promise<void>;
}

/** Glewlwyd as an OpenID Connect provider with two people, for a Gatehouse at `controlUrl`, in a folder of its own. */
export async function startGlewlwyd(controlUrl: string): Promise<Glewlwyd> {
  const folder = mkdtempSync(join(tmpdir(), "glewlwyd-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  execFileSync("sqlite3", [join(folder, "glewlwyd.db")], { input: readFileSync(tables) });
  writeFileSync(join(folder, "glewlwyd.conf"), configuration(folder, port));
  const server = spawn("glewlwyd", ["-c", join(folder, "glewlwyd.conf")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  await untilStarted(server);
  const issuer = `${url}/api/oidc`;
  await setUp(await administrator(url), issuer, controlUrl);
  return {
    issuer,
    close: async () => {
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

/** Debian's own configuration, but for place, port and database. */
function configuration(folder: string, port: number): string {
  const packaged = readFileSync("/etc/glewlwyd/glewlwyd.conf", "utf8");
  const own = { port: String(port), external_url: `"http://127.0.0.1:${port}"`, log_mode: '"console"' };
  const adapted = Object.entries(own).reduce(
    (text, [key, value]) => text.replace(new RegExp(`^${key}=.*$`, "m"), `${key}=${value}`),
    packaged.replace(/^@include.*$/m, ""),
  );
  return `${adapted}\ndatabase = { type = "sqlite3"; path = "${join(folder, "glewlwyd.db")}" }\n`;
}

type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;

/** Calls of its administration API, signed in with the password that the package sets. */
async function administrator(url: string): Promise<Call> {
  let cookie = "";
  const call: Call = async (method, path, body) => {
    const answer = await fetch(`${url}/api${path}`, {
      method,
      headers: { "content-type": "application/json", cookie },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`Glewlwyd: ${method} ${path}: ${answer.status} ${text}`);
    cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
    const parsed: unknown = text === "" ? undefined : JSON.parse(text);
    return parsed;
  };
  await call("POST", "/auth/", { username: "admin", password: "password" });
  return call;
}

const userModule = z.looseObject({ parameters: z.looseObject({ "data-format": z.looseObject({}) }) });

async function setUp(call: Call, issuer: string, controlUrl: string): Promise<void> {
  const [people] = z.array(userModule).parse(await call("GET", "/mod/user/"));
  const format = { multiple: true, read: true, write: true, "profile-read": true, "profile-write": false };
  const parameters = {
    ...people?.parameters,
    "data-format": { ...people?.parameters["data-format"], groups: format },
  };
  await call("PUT", "/mod/user/database", { ...people, parameters });
  await call("PUT", "/mod/user/database/reset");
  await call("POST", "/mod/plugin/", plugin(issuer));
  await call("POST", "/client/", {
    client_id: "gatehouse-web",
    name: "Gatehouse",
    confidential: false,
    enabled: true,
    redirect_uri: [`${controlUrl}/sign-in/callback`],
    authorization_type: ["code"],
    scope: [],
    source: "database",
  });
  for (const [username, group] of [
    ["approver", "sre"],
    ["developer", "engineering"],
  ]) {
    await call("POST", "/user/", {
      username,
      name: username,
      email: `${username}@example.com`,
      password: username,
      enabled: true,
      scope: ["openid"],
      groups: [group],
      source: "database",
    });
  }
}

function plugin(issuer: string): object {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    module: "oidc",
    name: "oidc",
    display_name: "OpenID Connect",
    order_rank: 0,
    readonly: false,
    parameters: {
      iss: issuer,
      "jwt-type": "rsa",
      "jwt-key-size": "256",
      key: privateKey.export({ type: "pkcs8", format: "pem" }),
      cert: publicKey.export({ type: "spki", format: "pem" }),
      "access-token-duration": 3600,
      "refresh-token-duration": 3600,
      "code-duration": 60,
      "refresh-token-rolling": false,
      "allow-non-oidc": false,
      "auth-type-code-enabled": true,
      "auth-type-token-enabled": false,
      "auth-type-id-token-enabled": true,
      "auth-type-none-enabled": false,
      "auth-type-password-enabled": false,
      "auth-type-client-enabled": false,
      "auth-type-refresh-enabled": false,
      "auth-type-device-enabled": false,
      "pkce-allowed": true,
      "pkce-required": true,
      "pkce-method-plain-allowed": false,
      "jwks-show": true,
      "subject-type": "public",
      "email-claim": "mandatory",
      claims: [{ name: "groups", "user-property": "groups", type: "string", mandatory: true }],
      "allowed-scope": ["openid"],
      "oauth-as-iss-id": true,
    },
  };
}

function untilStarted(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (chunk: string): void => {
      said = (said + chunk).slice(-10_000);
      if (said.includes("Glewlwyd started")) resolve();
    };
    server.stdout?.setEncoding("utf8").on("data", listen);
    server.stderr?.setEncoding("utf8").on("data", listen);
    server.once("exit", () => reject(new Error(`Glewlwyd did not start:\n${said}`)));
  });
}
