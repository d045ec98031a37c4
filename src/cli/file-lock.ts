import { mkdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const lockStaleMs = 30_000;
const lockPauseMs = 100;

/** One process at a time, by a folder that only one of them can make. One that was left by a killed process ends after a while. */
export async function withLock<Result>(path: string, act: () => Promise<Result>): Promise<Result> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      mkdirSync(path);
      break;
    } catch (error) {
      if (!isTaken(error)) throw error;
      const found = statSync(path, { throwIfNoEntry: false });
      if (found !== undefined && Date.now() - found.mtimeMs > lockStaleMs) rmSync(path, { recursive: true });
      else await pause(lockPauseMs);
    }
  }
  try {
    return await act();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** Anything else (a disk that is full or read-only) will not get better by waiting. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
