import { readFileSync } from "node:fs";
import { GatehouseError, messageOf } from "#lib/errors";

/** Throws `file_unreadable`. */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new GatehouseError("file_unreadable", `Cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}
