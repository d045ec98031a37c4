import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { createWhole, syncFolder } from "#lib/whole-file";
import { parseForeignCheckpoint } from "#tlog";

/** What a witness remembers of one log. */
export interface Seen {
  /** Counts up with each checkpoint that was accepted. */
  readonly number: number;
  /** The newest, a signed note. */
  readonly note: string;
}

/** What a log signed and should not have. */
export interface Contradiction {
  /** A note that it signed before; `undefined` where the refused one cannot be true of any log. */
  readonly seen: string | undefined;
  readonly refused: string;
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
      const number = (before?.number ?? 0) + 1;
      const path = join(folder, fileName(number));
      if (!createWhole(path, note)) return false;
      syncFolder(this.#path);
      const numbers = numbersIn(folder);
      // Somebody who looked long ago finds the next number free again, once that state was followed by others and removed.
      if (numbers.at(-1) !== number) {
        rmSync(path);
        return false;
      }
      for (const old of numbers.slice(0, -statesKept)) rmSync(join(folder, fileName(old)), { force: true });
      return true;
    });
  }

  /**
   * Keeps two signed notes of a log that cannot both be true, so that they can be shown. The first of them: a flood proves
   * no more. `false` when it is nothing new. Named after what the log signed: anybody may send that again with other proofs
   * and signatures around it.
   */
  keepEvidence(origin: string, { seen, refused }: Contradiction): boolean {
    return this.#attempt(() => {
      const folder = join(this.#folderOf(origin), "contradictions");
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (readdirSync(folder).length >= limits.witnessEvidenceMax) return false;
      const [signedText = ""] = refused.split("\n\n");
      const name = `${createHash("sha256").update(signedText).digest("hex").slice(0, 32)}.txt`;
      return createWhole(join(folder, name), `${seen ?? ""}\n${refused}`);
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
