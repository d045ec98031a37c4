import { ControlPlaneRefusal } from "#agent";
import type { Terminal } from "./terminal.ts";

/** A server that serves others too may ask for a pause; a minute is its own limit's period. */
const pauseMs = 1_000;
const pausesMax = 90;

/** Asks again where the answer was that it comes too fast; everything else is the caller's. */
export async function patiently<Answer>(ask: () => Promise<Answer>, terminal: Terminal): Promise<Answer> {
  for (let pauses = 0; ; pauses += 1) {
    try {
      return await ask();
    } catch (error) {
      const isTooFast = error instanceof ControlPlaneRefusal && error.status === 429;
      if (!isTooFast || pauses >= pausesMax) throw error;
      await terminal.pause(pauseMs);
    }
  }
}
