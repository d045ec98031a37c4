import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";

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
    throw new GatehouseError("file_missing", `${path} does not exist. Create it, or correct the path.`);
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
 * Calls `onChange` after any of the paths changed, at times also when none did. Folders are watched rather than files,
 * because editors and Kubernetes replace files instead of writing to them. A watch stays with the folder it began with
 * when that is removed, replaced, or a link that now leads elsewhere, and network file systems tell nothing at all: so
 * the files are looked at besides, or a new denial would silently never count.
 */
export function watchDocuments(paths: readonly string[], onChange: () => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  const notice = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, settleMs);
    timer.unref();
  };
  const folders = new Set(paths.map((path) => (statSync(path).isDirectory() ? path : dirname(path))));
  // A watch that breaks is no reason to stop: the next look finds what it would have told.
  const watchers: FSWatcher[] = [...folders].map((folder) =>
    watch(folder, { persistent: false }, notice).on("error", notice),
  );
  const looking = setInterval(lookAt(paths, onChange), limits.documentsLookMs).unref();
  return {
    close: () => {
      clearTimeout(timer);
      clearInterval(looking);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** Tells of what two looks in a row found alike: a file that is still being written is not judged by its first half. */
function lookAt(paths: readonly string[], onChange: () => void): () => void {
  let before: string | undefined;
  let told: string | undefined;
  return () => {
    const now = contentOf(paths);
    if (now === before && now !== told) {
      told = now;
      onChange();
    }
    before = now;
  };
}

function contentOf(paths: readonly string[]): string {
  try {
    return JSON.stringify(readDocuments(paths));
  } catch (error) {
    return messageOf(error);
  }
}
