import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { parseForeignCheckpoint } from "#tlog";

/** What a witness remembers of one log. */
export interface Seen {
  /** Counts up with each checkpoint that was accepted. */
  readonly number: number;
  /** The newest, a signed note. */
  readonly note: string;
}

/** Numbered states of each log; more than one, since the newest appears before the last is gone. */
const statesKept = 4;

/**
 * A witness's memory: for each log a folder with one file for each of the last checkpoints. The next state is a link to a
 * finished file under the next number, which the file system grants once: of two processes that both checked the same
 * state one is told that it came second. Everything is on disk, names included, when `advance` returns. Losing this
 * folder and going on under the same key would let a log start over: retire the key with it.
 */
export class WitnessFolder {
  readonly #path: string;

  /** Throws `witness_state_unusable`. */
  constructor(path: string) {
    this.#path = path;
    this.#attempt(() => mkdirSync(path, { recursive: true, mode: 0o700 }));
  }

  /** The newest state of a log. Throws `witness_state_damaged` rather than begin anew. */
  newest(origin: string): Seen | undefined {
    const folder = this.#folderOf(origin);
    const number = this.#attempt(() => numbersIn(folder)).at(-1);
    if (number === undefined) return undefined;
    const note = this.#attempt(() => readFileSync(join(folder, fileName(number)), "utf8"));
    if (parseForeignCheckpoint(note)?.origin === origin) return { number, note };
    throw new GatehouseError(
      "witness_state_damaged",
      `${join(folder, fileName(number))} is not a checkpoint of ${origin}. Restore the folder, or retire this witness's key.`,
    );
  }

  /** Makes `note` the newest after `before`; `false` when another process was faster. Durable when it returns. */
  advance(origin: string, before: Seen | undefined, note: string): boolean {
    return this.#attempt(() => {
      const folder = this.#folderOf(origin);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const number = (before?.number ?? 0) + 1;
      if (!writeOnce(join(folder, fileName(number)), note)) return false;
      syncFolder(folder);
      syncFolder(this.#path);
      for (const old of numbersIn(folder).slice(0, -statesKept)) unlinkQuietly(join(folder, fileName(old)));
      return true;
    });
  }

  /** Keeps what a log signed and should not have, so that it can be shown. The first of them: a flood proves no more. */
  keepEvidence(origin: string, body: string): void {
    this.#attempt(() => {
      const folder = join(this.#folderOf(origin), "refused");
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const name = `${createHash("sha256").update(body).digest("hex").slice(0, 32)}.txt`;
      if (readdirSync(folder).length < limits.witnessEvidenceMax) writeOnce(join(folder, name), body);
    });
  }

  #folderOf(origin: string): string {
    return join(this.#path, createHash("sha256").update(origin).digest("hex"));
  }

  #attempt<Result>(act: () => Result): Result {
    try {
      return act();
    } catch (error) {
      throw new GatehouseError(
        "witness_state_unusable",
        `The witness's memory in ${this.#path} cannot be used: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
}

function fileName(number: number): string {
  return `${String(number).padStart(16, "0")}.checkpoint`;
}

/** In order. A folder that cannot be read is not one that is not there. */
function numbersIn(folder: string): readonly number[] {
  const isThere = statSync(folder, { throwIfNoEntry: false }) !== undefined;
  return (isThere ? readdirSync(folder) : [])
    .flatMap((name) => /^(\d{16})\.checkpoint$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((one, other) => one - other);
}

/** Whole and synced before the name exists; `false` when it exists already. */
function writeOnce(path: string, content: string): boolean {
  // Not the process id: two containers that share this folder may both be number 1.
  const draft = `${path}.${randomUUID()}.new`;
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another process has done it.
  }
}

function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
