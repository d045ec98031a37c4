import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import {
  caBundle,
  caVariables,
  credentialFile,
  directionOf,
  federatedVariables,
  habits,
  type SubjectSource,
  shellScript,
} from "#agent";
import { GatehouseError } from "#lib/errors";
import { isLoopbackHost } from "#lib/loopback";
import { printableJson } from "#lib/printable";
import { shellLines } from "./environment-changes.ts";
import { isGitHubJob } from "./github-actions.ts";
import { ownCommand } from "./run-session.ts";
import { findServer, type Server } from "./server.ts";
import type { Settings } from "./settings.ts";

/** Where a workload's own token is. */
export const staticOptions = z.object({
  githubActions: z.boolean().default(false),
  tokenFile: z.string().min(1).optional(),
  tokenUrl: z.url().optional(),
  tokenField: z.string().min(1).optional(),
  audience: z.string().min(1).optional(),
});
export type StaticOptions = z.infer<typeof staticOptions> & {
  readonly universe?: boolean | undefined;
  readonly project: string | undefined;
};

/**
 * Files for a machine that has no helper and proves who it is by a token of its platform's: a stock `external_account`
 * file, certificates, and variables. None of them holds a secret, so that they may be kept, cached and printed.
 */
export async function writeStatic(settings: Settings, folder: string, options: StaticOptions): Promise<void> {
  const server = await findServer(settings);
  const { variables: ways, universeDomain } = directionOf(server.info);
  if (options.universe === true && universeDomain === undefined) {
    throw new GatehouseError("usage_invalid", "The server has no universe domain. Leave --universe out.");
  }
  requireSource(options, settings);
  const place = prepare(resolve(settings.terminal.workingFolder, folder));
  const { source, more } = sourceOf(options, { server, settings, place });
  const controlUrl = server.url;
  write(place.credentials, credentialFile({ controlUrl, universeDomain, source }));
  write(place.certificates, caBundle(server.info.caCertificatePem, settings.terminal.environment));
  const variables = {
    ...federatedVariables({ credentials: place.credentials, controlUrl }),
    ...Object.fromEntries(caVariables.map((name) => [name, place.certificates])),
    ...ways,
    ...more,
    ...habits,
    ...projectVariables(options.project),
    GATEHOUSE_URL: controlUrl,
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  write(place.lines, `${lines.join("\n")}\n`);
  write(place.script, `${shellLines(variables)}\n`);
  say(settings, place);
}

interface Place {
  readonly folder: string;
  readonly credentials: string;
  readonly certificates: string;
  /** `NAME=value` lines, for `$GITHUB_ENV` and `docker run --env-file`. */
  readonly lines: string;
  /** The same for a shell. */
  readonly script: string;
  readonly executable: string;
}

function prepare(folder: string): Place {
  const place = placeIn(folder);
  // Libraries split an executable's command at blanks, and `$GITHUB_ENV` can quote nothing.
  if (/[\s'"\\$]/.test(folder)) {
    throw new GatehouseError("usage_invalid", `${folder} must have no blanks, quotes or $ in its path.`);
  }
  if (strangersIn(folder, Object.values(place)).length > 0) {
    throw new GatehouseError(
      "usage_invalid",
      `${folder} holds other files. --write takes a folder that does not exist yet, or one it wrote before.`,
    );
  }
  return place;
}

/** What was not written by us: it must neither be lost nor lie beside files that clients trust. */
function strangersIn(folder: string, own: readonly string[]): string[] {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return readdirSync(folder).filter((name) => !own.includes(join(folder, name)));
  } catch (cause) {
    throw new GatehouseError("usage_invalid", `Cannot make or read the folder ${folder}.`, { cause });
  }
}

function placeIn(folder: string): Place {
  return {
    folder,
    credentials: join(folder, "credentials.json"),
    certificates: join(folder, "ca.pem"),
    lines: join(folder, "github.env"),
    script: join(folder, "env.sh"),
    executable: join(folder, "token"),
  };
}

interface Found {
  readonly source: SubjectSource;
  readonly more: Readonly<Record<string, string>>;
}

interface Surroundings {
  readonly server: Server;
  readonly settings: Settings;
  readonly place: Place;
}

/** One way to the workload's own token, and none that anybody could listen to. Checked before anything is written. */
function requireSource(options: StaticOptions, { terminal }: Settings): void {
  const { tokenFile, tokenUrl } = options;
  const isGitHub = isOfGitHub(options, terminal.environment);
  if ([tokenFile, tokenUrl, isGitHub ? true : undefined].filter((each) => each !== undefined).length !== 1) {
    throw new GatehouseError(
      "usage_invalid",
      "Say where this workload's token is: one of --token-file, --token-url and --github-actions.",
    );
  }
  if (tokenUrl !== undefined && !isQuiet(new URL(tokenUrl))) {
    throw new GatehouseError(
      "usage_invalid",
      "--token-url is https://…, or http:// on this machine, without a name and password.",
    );
  }
}

/** A job of GitHub's needs to say nothing, unless it says something else. */
function isOfGitHub(options: StaticOptions, environment: NodeJS.ProcessEnv): boolean {
  const isNamed = options.tokenFile !== undefined || options.tokenUrl !== undefined;
  return options.githubActions || (!isNamed && isGitHubJob(environment));
}

/** The answer is a credential; 169.254.0.0/16 is where machines ask for their own. */
function isQuiet(url: URL): boolean {
  const isNear = isLoopbackHost(url.hostname) || /^169\.254\.\d+\.\d+$/.test(url.hostname);
  const isPrivate = url.protocol === "https:" || (url.protocol === "http:" && isNear);
  return isPrivate && url.username === "" && url.password === "";
}

function sourceOf(options: StaticOptions, { server, settings, place }: Surroundings): Found {
  const { tokenFile, tokenUrl, tokenField, audience } = options;
  if (tokenFile !== undefined) {
    return { source: { kind: "file", path: resolve(settings.terminal.workingFolder, tokenFile) }, more: {} };
  }
  if (tokenUrl !== undefined) return { source: { kind: "url", url: tokenUrl, field: tokenField }, more: {} };
  // Not GitHub's address in the file: its request token would have to stand there beside it.
  const words = [...ownCommand(), "token", "--github-actions", "--audience", audience ?? server.url];
  write(place.executable, shellScript(words));
  return {
    source: { kind: "executable", command: `/bin/sh ${place.executable}` },
    more: { GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: "1" },
  };
}

function projectVariables(project: string | undefined): Record<string, string> {
  return project === undefined ? {} : { CLOUDSDK_CORE_PROJECT: project, GOOGLE_CLOUD_PROJECT: project };
}

/** Written anew, never through what is there: that could be a link. */
function write(path: string, text: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode: 0o600, flag: "wx" });
}

function say(
  { terminal, isJson }: Settings,
  { folder, credentials, certificates, lines, script }: Place,
): void {
  const files = { credentials, certificates, lines, script };
  if (isJson) {
    terminal.out(printableJson(files));
    return;
  }
  terminal.out(
    `Wrote ${folder}. In a shell: . ${script}\nIn GitHub Actions: cat ${lines} >> "$GITHUB_ENV"\ngcloud can also sign in for good: gcloud auth login --cred-file=${credentials}`,
  );
}
