import type { Duplex } from "node:stream";
import { limits } from "#lib/limits";

/**
 * Says why a connection ends, and ends it. Left half open, it would belong to nobody: a client that never closes its
 * own side could keep one socket of ours for each refusal.
 */
export function lastWord(socket: Duplex, text: string): void {
  socket.end(text, () => socket.destroy());
  // One that does not even take the words.
  const timer = setTimeout(() => socket.destroy(), limits.lingerMs).unref();
  socket.once("close", () => clearTimeout(timer));
}
