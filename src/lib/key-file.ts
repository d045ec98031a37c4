import { readFileSync, statSync } from "node:fs";
import { GatehouseError } from "./errors.ts";
import { createWhole } from "./whole-file.ts";

/**
 * Reads a private key file, or creates it with what `create` makes. The file is 0600 from its first byte; one that
 * others can read is refused, since a key somebody may have copied is no longer a key.
 * Two processes that create at once end up with the same file: the loser of `link` reads the winner's.
 */
export async function readOrCreateKeyFile(
  path: string,
  create: () => Promise<string> | string,
): Promise<string> {
  if (!exists(path)) createWhole(path, await create());
  return readPrivately(path);
}

/** The same for a file that somebody else made; `undefined` when there is none. */
export function readKeyFile(path: string): string | undefined {
  return exists(path) ? readPrivately(path) : undefined;
}

function readPrivately(path: string): string {
  const { mode } = statSync(path);
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new GatehouseError(
      "key_file_open_to_others",
      `${path} can be read by other users of this machine. Run \`chmod 600 ${path}\`, and replace the key if somebody may have copied it.`,
    );
  }
  return readFileSync(path, "utf8");
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
