import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

// Files that are there whole or not at all, whatever a crash or a full disk does in between.

/** Writes all of it, or throws: one write may take less than it was given. */
export function writeWhole(descriptor: number, content: string | Uint8Array): void {
  const bytes = Buffer.from(content);
  for (let written = 0; written < bytes.byteLength; ) {
    written += writeSync(descriptor, bytes, written, bytes.byteLength - written);
  }
}

/**
 * A new file, readable by its owner only, with its content on disk before the name exists and the name on disk when this
 * returns. `false` when there is a file of this name already, which is left as it is.
 */
export function createWhole(path: string, content: string): boolean {
  const isNew = withDraft(path, content, (draft) => {
    try {
      linkSync(draft, path);
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
      throw error;
    }
  });
  if (isNew) syncFolder(dirname(path));
  return isNew;
}

/** Puts a file, readable by its owner only, in the place of what was there; on disk, name included, when it returns. */
export function replaceWhole(path: string, content: string): void {
  withDraft(path, content, (draft) => renameSync(draft, path));
  syncFolder(dirname(path));
}

/** Makes the names in a folder durable; a file's own sync does not. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function withDraft<Result>(path: string, content: string, use: (draft: string) => Result): Result {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Not the process id: two containers that share this folder may both be number 1, and one that crashed here was too.
  const draft = `${path}.${randomUUID()}.new`;
  try {
    writeDraft(draft, content);
    return use(draft);
  } finally {
    rmSync(draft, { force: true });
  }
}

function writeDraft(draft: string, content: string): void {
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeWhole(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
