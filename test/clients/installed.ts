import { accessSync, constants, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** Where a command is, or `undefined` and a printed reason for the tests that are skipped because of it. */
export function installed(command: string): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    if (isExecutable(join(folder, command))) return realpathSync(join(folder, command));
  }
  console.log(`skipped: ${command} is not installed on this machine`);
  return undefined;
}

/** A program of the Google Cloud SDK that gcloud belongs to, e.g. an emulator. */
export function installedInSdk(gcloud: string | undefined, path: string): string | undefined {
  if (gcloud === undefined) return undefined;
  for (const root of [dirname(dirname(gcloud)), "/usr/lib/google-cloud-sdk"]) {
    if (isExecutable(join(root, path))) return join(root, path);
  }
  console.log(`skipped: ${path} is not part of the installed Google Cloud SDK`);
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
