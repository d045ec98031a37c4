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
  if (existsSync(file)) throw taken(file);
  const partial = `${file}.part`;
  const descriptor = create(partial, leftOver);
  try {
    const result = await writing(descriptor, act);
    putInPlace(partial, file);
    return result;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/**
 * Under its name, which nobody else's file may have got since the export began: that one stays. The name is taken with an
 * empty file first and not with a link, as sticks and shares that people take exports away on may have none.
 */
function putInPlace(partial: string, file: string): void {
  closeSync(create(file, taken));
  try {
    renameSync(partial, file);
  } catch (error) {
    rmSync(file);
    throw error;
  }
  syncFolder(dirname(file));
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

/** `whenThere`: what it means that there is such a file already. */
function create(file: string, whenThere: (file: string) => GatehouseError): number {
  try {
    return openSync(file, "wx", 0o600);
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    throw isThere ? whenThere(file) : unusable(file, messageOf(error));
  }
}

function taken(file: string): GatehouseError {
  return unusable(file, "it is there already. Name another file");
}

function leftOver(partial: string): GatehouseError {
  return unusable(
    partial,
    "it is there already, of an export that is still running or was cut off. If none is running, delete it, or name another file",
  );
}

function unusable(file: string, why: string): GatehouseError {
  return new GatehouseError("export_file_unusable", `Cannot write ${file}: ${why}.`);
}
