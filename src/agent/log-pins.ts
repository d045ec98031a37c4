import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { systemClock } from "#lib/clock";
import { GatehouseError } from "#lib/errors";
import { replaceWhole } from "#lib/whole-file";

/** The newest checkpoint that this machine has seen of a server's log. */
export interface LogPin {
  /** Origin of the control plane's URL. */
  readonly server: string;
  readonly verifierKey: string;
  /** A signed note that was verified when it was kept. */
  readonly checkpoint: string;
  /** ISO 8601. */
  readonly seenAt: string;
}

const pinShape = z.strictObject({
  server: z.url(),
  verifierKey: z.string(),
  checkpoint: z.string(),
  seenAt: z.iso.datetime(),
});

/** A run writes its pin in a millisecond; a lock as old as this was left behind by one that was killed. */
const lockStaleMs = 5_000;

/**
 * One small file for each server, readable by its owner only, shared by all runs of this user. A file is replaced whole. The
 * lock is held while two runs' checkpoints are compared and one is kept, so that two versions of one log cannot both be
 * "the newest" in turn.
 */
export class LogPins {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Throws `log_pin_unreadable`: a pin that is damaged is not one that was never there. */
  read(server: string): LogPin | undefined {
    const path = this.#pathOf(server);
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    const pin = parsePin(path);
    if (pin?.server === server) return pin;
    throw new GatehouseError(
      "log_pin_unreadable",
      `${path}, which holds what was seen of the log of ${server}, cannot be read. \`gatehouse audit pins --forget ${server}\` removes it.`,
    );
  }

  /** In order of server. Files that are no pins are passed over. */
  all(): readonly LogPin[] {
    if (statSync(this.#folder, { throwIfNoEntry: false }) === undefined) return [];
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => parsePin(join(this.#folder, name)) ?? [])
      .sort((one, other) => (one.server < other.server ? -1 : 1));
  }

  /**
   * Keeps `pin` in the place of what `before` was. `false` when another run was faster or is just writing: read again,
   * and compare with what it kept.
   */
  replace(before: LogPin | undefined, pin: LogPin): boolean {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#pathOf(pin.server);
    const lock = `${path}.lock`;
    if (!take(lock)) return false;
    try {
      if (this.read(pin.server)?.checkpoint !== before?.checkpoint) return false;
      replaceWhole(path, `${JSON.stringify(pin, undefined, 2)}\n`);
      return true;
    } finally {
      rmSync(lock, { force: true });
    }
  }

  forget(server: string): boolean {
    const path = this.#pathOf(server);
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return false;
    rmSync(path);
    return true;
  }

  #pathOf(server: string): string {
    return join(this.#folder, `${createHash("sha256").update(server).digest("hex").slice(0, 32)}.json`);
  }
}

function parsePin(path: string): LogPin | undefined {
  try {
    return pinShape.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}

function take(lock: string): boolean {
  const found = statSync(lock, { throwIfNoEntry: false });
  if (found !== undefined && systemClock.now().getTime() - found.mtimeMs > lockStaleMs)
    rmSync(lock, { force: true });
  try {
    closeSync(openSync(lock, "wx", 0o600));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}
