import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { GatehouseError, messageOf } from "#lib/errors";
import { syncFolder, writeWhole } from "#lib/whole-file";
import type { Terminal } from "../../terminal.ts";

/** Where an export is written, a piece at a time, so that none of it need be held. */
export interface Output {
  /** Whole lines. */
  write(text: string): void;
}

/**
 * Runs `act` with a new file of this name, readable by its owner only, or with standard output. The file has its name once
 * all of it is there: what broke off is never taken for an export. Throws `export_file_unusable`.
 */
export async function withOutput<Result>(
  file: string | undefined,
  terminal: Terminal,
  act: (output: Output) => Promise<Result>,
): Promise<Result> {
  if (file === undefined) return act({ write: (text) => terminal.out(text.replace(/\n$/, "")) });
  if (existsSync(file)) throw unusable(file, "it is there already. Name another file");
  const partial = `${file}.part`;
  const descriptor = create(partial);
  try {
    const result = await writing(descriptor, act);
    renameSync(partial, file);
    syncFolder(dirname(file));
    return result;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

async function writing<Result>(
  descriptor: number,
  act: (output: Output) => Promise<Result>,
): Promise<Result> {
  try {
    const result = await act({ write: (text) => writeWhole(descriptor, text) });
    fsyncSync(descriptor);
    return result;
  } finally {
    closeSync(descriptor);
  }
}

function create(file: string): number {
  try {
    return openSync(file, "wx", 0o600);
  } catch (error) {
    throw unusable(file, messageOf(error));
  }
}

function unusable(file: string, why: string): GatehouseError {
  return new GatehouseError("export_file_unusable", `Cannot write ${file}: ${why}.`);
}
