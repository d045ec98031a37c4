import { mkdirSync, readdirSync } from "node:fs";
import { GatehouseError, messageOf } from "#lib/errors";

/** Two exports in one folder would be neither. Readable by its owner only. Throws `export_folder_unusable`. */
export function makeEmptyFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new GatehouseError("export_folder_unusable", `Cannot make ${folder}: ${messageOf(error)}`);
  }
  if (readdirSync(folder).length === 0) return;
  throw new GatehouseError("export_folder_unusable", `${folder} is not empty. Name another folder.`);
}
