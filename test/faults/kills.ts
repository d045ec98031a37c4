import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { RecordingUpstream } from "./recording-upstream.ts";

const child = fileURLToPath(new URL("./gateway-child.ts", import.meta.url));

/** Of the environment: how often is killed, and what the moments are drawn from. `npm run test:faults -- --full` sets 200. */
export const crashRounds = (usual: number): number => Number(process.env["CRASH_ROUNDS"] ?? usual);
const crashSeed = Number(process.env["CRASH_SEED"] ?? 20_261_124);

/** Every check reads the whole log, so that two hundred kills of one log would take an hour. */
const killsOfOneLog = 25;

/** So many kills, dealt out to logs that each begin anew, each with moments of its own. */
export function crashLogs(rounds: number): readonly { readonly rounds: number; readonly seed: number }[] {
  const logs = Math.ceil(rounds / killsOfOneLog);
  return Array.from({ length: logs }, (_, n) => ({
    rounds: Math.min(killsOfOneLog, rounds - n * killsOfOneLog),
    seed: crashSeed + n,
  }));
}

/** Mulberry32: small, seeded, and good enough to choose moments. */
export function random(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function startGateway(folder: string, upstream: RecordingUpstream, atOnce: number): ChildProcess {
  const gateway = spawn(process.execPath, [child, folder, String(upstream.port), String(atOnce)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  onTestFinished(() => void gateway.kill("SIGKILL"));
  return gateway;
}

/** Kills after a number of sends or of milliseconds, both drawn: mid-commit, mid-checkpoint, mid-start. */
export async function killAtRandom(
  gateway: ChildProcess,
  upstream: RecordingUpstream,
  draw: () => number,
): Promise<void> {
  const ended = once(gateway, "exit");
  const kill = (): void => void gateway.kill("SIGKILL");
  if (draw() < 0.3) {
    setTimeout(kill, draw() * 500);
  } else {
    const until = upstream.received.length + Math.floor(draw() * 600);
    const delay = draw() * 3;
    upstream.onReceived = () => {
      if (upstream.received.length >= until) setTimeout(kill, delay);
    };
  }
  await ended;
  upstream.onReceived = () => undefined;
  if (gateway.signalCode !== "SIGKILL") throw new Error("the gateway gave up by itself before it was killed");
  await upstream.drained();
}
