import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { installed } from "../clients/installed.ts";
import { freePort } from "./gateway-with-providers.ts";

const version = "26.7.3";
const archive = join(
  homedir(),
  `.m2/repository/org/keycloak/keycloak-quarkus-dist/${version}/keycloak-quarkus-dist-${version}.zip`,
);
const realmFile = resolve(import.meta.dirname, "../../deploy/keycloak/gatehouse-realm.json");

/** Whether a real Keycloak can be started; otherwise a printed reason. `.ci/run` fetches it. */
export function isKeycloakInstalled(): boolean {
  const missing = ["java", "unzip"].find((command) => installed(command) === undefined);
  if (missing === undefined && existsSync(archive)) return true;
  process.stdout.write(
    missing === undefined
      ? `skipped: Keycloak ${version} is not in the local Maven repository (mvn dependency:get -Dartifact=org.keycloak:keycloak-quarkus-dist:${version}:zip)\n`
      : `skipped: ${missing} is not installed, which Keycloak needs\n`,
  );
  return false;
}

export interface Keycloak {
  readonly issuer: string;
  close(): Promise<void>;
}

/**
 * Keycloak with the realm that deploy/compose.yaml imports, for a Gatehouse at `controlUrl`. The web client is a confidential one where it has
 * a secret.
 */
export async function startKeycloak(controlUrl: string, webSecret?: string): Promise<Keycloak> {
  const folder = mkdtempSync(join(tmpdir(), "keycloak-"));
  execFileSync("unzip", ["-q", archive, "-d", folder]);
  const home = join(folder, `keycloak-${version}`);
  mkdirSync(join(home, "data/import"), { recursive: true });
  writeFileSync(join(home, "data/import/gatehouse-realm.json"), realmFor(controlUrl, webSecret));
  const port = await freePort();
  const server = spawn(
    join(home, "bin/kc.sh"),
    ["start-dev", "--import-realm", "--http-host=127.0.0.1", `--http-port=${port}`, "--cache=local"],
    { stdio: ["ignore", "pipe", "inherit"], detached: true },
  );
  await untilStarted(server);
  return {
    issuer: `http://127.0.0.1:${port}/realms/gatehouse`,
    close: async () => {
      const ended = once(server, "exit");
      // The script starts Java as its child: the whole group has to go.
      if (server.pid !== undefined) process.kill(-server.pid, "SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * The realm of deploy/ with this Gatehouse's addresses, and with logout tokens: in the containers of deploy/, Keycloak
 * would not trust the certificate at that address.
 */
function realmFor(controlUrl: string, webSecret: string | undefined): string {
  const text = readFileSync(realmFile, "utf8").replaceAll("https://localhost:8440", controlUrl);
  const realm = realmShape.parse(JSON.parse(text));
  const web = realm.clients.find(({ clientId }) => clientId === "gatehouse-web");
  if (web === undefined) throw new Error("the realm has no web client");
  web.attributes["backchannel.logout.url"] = `${controlUrl}/sign-in/back-channel-logout`;
  web.attributes["backchannel.logout.session.required"] = "true";
  if (webSecret !== undefined) Object.assign(web, { publicClient: false, secret: webSecret });
  return JSON.stringify(realm);
}

const realmShape = z.looseObject({
  clients: z.array(z.looseObject({ clientId: z.string(), attributes: z.record(z.string(), z.string()) })),
});

/** Keeps reading what it says for as long as it lives: a full pipe would stop it. */
function untilStarted(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      said = (said + chunk).slice(-10_000);
      if (said.includes("Listening on:")) resolve();
    });
    server.once("exit", () => reject(new Error(`Keycloak did not start:\n${said}`)));
  });
}
