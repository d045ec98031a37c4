import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { GatehouseError, messageOf } from "#lib/errors";

/** One file of a set that is read, judged and replaced as a whole. */
export interface SourceDocument {
  readonly file: string;
  readonly text: string;
}

/** Reads files, and the `.yaml` and `.yml` files directly in folders, in a stable order. */
export function readDocuments(paths: readonly string[]): SourceDocument[] {
  return paths.flatMap(filesOf).map((file) => ({ file, text: readText(file) }));
}

function filesOf(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    throw new GatehouseError(
      "file_missing",
      `${path} does not exist. Create it, or correct the configuration.`,
    );
  }
  if (!found.isDirectory()) return [path];
  return readdirSync(path)
    .filter((entry) => /\.ya?ml$/.test(entry))
    .sort()
    .map((entry) => join(path, entry));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new GatehouseError("file_unreadable", `Cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Editors write in several steps; one reload follows the last of them. */
const settleMs = 150;

/**
 * Calls `onChange` once after any of the paths changed. Folders are watched rather than files, because editors and
 * Kubernetes replace files instead of writing to them.
 */
export function watchDocuments(paths: readonly string[], onChange: () => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  const notice = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, settleMs);
    timer.unref();
  };
  const folders = new Set(paths.map((path) => (statSync(path).isDirectory() ? path : dirname(path))));
  const watchers: FSWatcher[] = [...folders].map((folder) => watch(folder, { persistent: false }, notice));
  return {
    close: () => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}
