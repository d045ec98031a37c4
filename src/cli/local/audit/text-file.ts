import { readFileSync } from "node:fs";
import { GatehouseError, messageOf } from "#lib/errors";

/** Why a file cannot be read, for whoever named it. */
export function unreadableBecause(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  return code === "EISDIR" ? "it is a folder" : messageOf(error);
}

/** Throws `file_unreadable`. */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new GatehouseError("file_unreadable", `Cannot read ${file}: ${unreadableBecause(error)}.`, {
      cause: error,
    });
  }
}
