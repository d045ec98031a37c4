import { existsSync, readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

/** Something on this machine that reaches Google without Gatehouse. */
export interface Leftover {
  readonly what: string;
  /** File, variable or address. */
  readonly where: string;
  readonly mend: string;
}

/** Credentials an agent could find and use past the gateway. Names and places only: nothing here reads a secret out. */
export async function findLeftovers(environment: NodeJS.ProcessEnv): Promise<Leftover[]> {
  const home = environment["HOME"] ?? homedir();
  const gcloud = environment["CLOUDSDK_CONFIG"] || join(home, ".config", "gcloud");
  return [
    ...defaultCredentials(gcloud),
    ...keyFile(environment),
    ...accounts(gcloud),
    ...bot(join(home, ".boto")),
    ...variables(environment),
    ...(await metadataServer()),
  ];
}

function defaultCredentials(gcloud: string): Leftover[] {
  const where = join(gcloud, "application_default_credentials.json");
  if (!existsSync(where) || isOfGatehouse(where)) return [];
  const mend = "gcloud auth application-default revoke";
  return [
    { what: "a file of application default credentials, which every Google library finds,", where, mend },
  ];
}

function keyFile({ GOOGLE_APPLICATION_CREDENTIALS: where }: NodeJS.ProcessEnv): Leftover[] {
  if (where === undefined || where === "" || !existsSync(where) || isOfGatehouse(where)) return [];
  const mend = `unset GOOGLE_APPLICATION_CREDENTIALS, and delete ${where} once nothing needs it`;
  return [{ what: "a credential that GOOGLE_APPLICATION_CREDENTIALS names", where, mend }];
}

const external = z.looseObject({ type: z.literal("external_account"), token_url: z.string() });

/** A federated file says where tokens come from; it is a way past us when that is Google. */
function isOfGatehouse(path: string): boolean {
  try {
    const parsed = external.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success && !/(^|\.)googleapis\.com$/.test(new URL(parsed.data.token_url).hostname);
  } catch {
    return false;
  }
}

/** gcloud keeps a folder for each account it holds a credential of. */
function accounts(gcloud: string): Leftover[] {
  const folder = join(gcloud, "legacy_credentials");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((account) => ({
    what: `gcloud's own account ${account}`,
    where: join(folder, account),
    mend: `gcloud auth revoke ${account}`,
  }));
}

function bot(where: string): Leftover[] {
  if (!existsSync(where)) return [];
  const text = readFileSync(where, "utf8");
  if (!/^\s*gs_(service_key_file|oauth2_refresh_token|secret_access_key)\s*=/m.test(text)) return [];
  return [{ what: "a credential of gsutil's", where, mend: `remove the gs_… lines from ${where}` }];
}

const telling = [
  "GOOGLE_CREDENTIALS",
  "GOOGLE_CLOUD_KEYFILE_JSON",
  "GCLOUD_KEYFILE_JSON",
  "GOOGLE_OAUTH_ACCESS_TOKEN",
  "CLOUDSDK_AUTH_ACCESS_TOKEN",
  "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
  "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
];

function variables(environment: NodeJS.ProcessEnv): Leftover[] {
  return telling
    .filter((name) => (environment[name] ?? "") !== "")
    .map((where) => ({ what: "a credential in the environment", where, mend: `unset ${where}` }));
}

const metadataAddress = "169.254.169.254";

/** On a machine of Google's the metadata server hands the machine's own identity to whoever asks. */
function metadataServer(): Promise<Leftover[]> {
  const found: Leftover = {
    what: "a metadata server that lends this machine's own identity to every process",
    where: metadataAddress,
    mend: "take the service account off this machine, or keep agents' processes from reaching 169.254.169.254",
  };
  return new Promise((resolve) => {
    const outgoing = request({
      host: metadataAddress,
      path: "/computeMetadata/v1/instance/service-accounts/",
      headers: { "metadata-flavor": "Google" },
      timeout: 1_000,
    });
    outgoing.on("timeout", () => outgoing.destroy());
    outgoing.on("error", () => resolve([]));
    outgoing.on("response", (answer) => {
      answer.resume();
      resolve(answer.headers["metadata-flavor"] === "Google" ? [found] : []);
    });
    outgoing.end();
  });
}
