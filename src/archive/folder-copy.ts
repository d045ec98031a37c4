import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import type { CopyObject, LogCopy } from "./copy.ts";

/** A bucket that was downloaded. It may come from anybody: only plain files of a sane size are read. */
export function folderCopy(folder: string): LogCopy {
  return {
    async *list(prefix) {
      for (const path of walk(folder, "")) if (path.startsWith(prefix)) yield plain(path);
    },
    async get(path) {
      const file = join(folder, path);
      const found = lstatSync(file, { throwIfNoEntry: false });
      if (found === undefined) return undefined;
      if (found.isFile() && found.size <= limits.archiveObjectBytesMax) return readFileSync(file);
      throw new GatehouseError("file_unreadable", `${file} is not a file of a log.`);
    },
  };
}

function plain(path: string): CopyObject {
  return { path, version: undefined, wasOverwritten: false };
}

/** In order of path; links are not followed. */
function* walk(folder: string, below: string): Generator<string> {
  const entries = readdirSync(join(folder, below), { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(folder, path);
    else if (entry.isFile()) yield path;
  }
}
