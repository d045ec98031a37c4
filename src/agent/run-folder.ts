import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { caBundle } from "./ca-bundle.ts";
import { type GcloudProperty, writePrivateConfiguration } from "./gcloud-configuration.ts";

/** The private folder of one run, and what is in it. It holds no token of ours; gcloud caches gateway tokens there. */
export interface RunFolder {
  readonly path: string;
  readonly caBundle: string;
  readonly gcloudConfiguration: string;
  readonly boto: string;
  remove(): void;
}

export interface RunFolderContent {
  readonly gatewayCaPem: string;
  readonly properties: readonly GcloudProperty[];
  readonly environment: NodeJS.ProcessEnv;
}

const prefix = "gatehouse-run-";

/** Makes the folder, mode 0700, and sweeps those of runs that were killed before they could. */
export function createRunFolder(content: RunFolderContent, parent = tmpdir()): RunFolder {
  sweep(parent);
  const path = mkdtempSync(join(parent, `${prefix}${process.pid}-`));
  const folder: RunFolder = {
    path,
    caBundle: join(path, "ca.pem"),
    gcloudConfiguration: join(path, "gcloud"),
    boto: join(path, "boto"),
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
  };
  writeFileSync(folder.caBundle, caBundle(content.gatewayCaPem, content.environment), { mode: 0o600 });
  writePrivateConfiguration(folder.gcloudConfiguration, content.properties);
  writeFileSync(folder.boto, botoFile(folder), { mode: 0o600 });
  return folder;
}

/**
 * gsutil keeps credentials under ~/.gsutil that outlive a change of identity. HOME stays as it is, since the child needs
 * it for everything else; BOTO_PATH names this file alone, so neither ~/.boto nor the old caches are read.
 */
function botoFile(folder: Pick<RunFolder, "path" | "caBundle">): string {
  return [
    "[Boto]",
    `ca_certificates_file = ${folder.caBundle}`,
    "[GSUtil]",
    `state_dir = ${join(folder.path, "gsutil")}`,
    "[GoogleCompute]",
    "service_account = default",
    "",
  ].join("\n");
}

function sweep(parent: string): void {
  for (const name of namesIn(parent)) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    try {
      if (isOwnFolder(join(parent, name))) rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // It went away meanwhile, or will not go: nothing of this run depends on it.
    }
  }
}

/** A temporary folder that cannot be listed can still be used. */
function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    return [];
  }
}

/** Anybody can make a folder of this name, and exchange what is in it for links while it is being emptied. */
function isOwnFolder(path: string): boolean {
  const found = lstatSync(path);
  return found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
}

/** A process of another user counts as running: `kill` says EPERM. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
