import { Worker } from "node:worker_threads";
import { assert, messageOf } from "#lib/errors";
import type { DataKey } from "../data-key.ts";
import type { Opener, Sample, Verdict } from "./opener.ts";
import type { FromOpener, ToOpener } from "./opener-protocol.ts";

/** A thread of its own: a verification takes half the time where there are two processors. */
export interface OpenerThread extends Opener {
  close(): Promise<void>;
}

interface Asked {
  readonly resolve: (verdicts: readonly Verdict[]) => void;
  readonly reject: (error: Error) => void;
}

export function startOpenerThread(): OpenerThread {
  const worker = new Worker(new URL("./opener-worker.ts", import.meta.url), { name: "opener" });
  const asked: Asked[] = [];
  let lost: Error | undefined;
  const lose = (why: string): void => {
    lost ??= new Error(`The thread that opens what is sealed is gone: ${why}`);
    for (const { reject } of asked.splice(0)) reject(lost);
  };
  worker.on("message", (reply: FromOpener) => {
    const next = asked.shift();
    assert(next !== undefined, "the opener answers when it was asked");
    if (reply.kind === "verdicts") next.resolve(reply.verdicts);
    else next.reject(new Error(reply.message));
  });
  worker.on("error", (error) => lose(messageOf(error)));
  worker.on("exit", (code) => lose(`it ended with code ${code}`));
  return {
    open(samples, key) {
      if (lost !== undefined) return Promise.reject(lost);
      const message = pack(samples, key);
      const { parts } = message.key ?? {};
      const owned = [message.bytes, ...(parts === undefined ? [] : [parts.sealing, parts.digest])];
      // Moved, not copied: no copy of a key stays behind.
      worker.postMessage(
        message,
        owned.map(({ buffer }) => buffer),
      );
      return new Promise((resolve, reject) => asked.push({ resolve, reject }));
    },
    close: async () => void (await worker.terminate()),
  };
}

function pack(samples: readonly Sample[], key: DataKey | undefined): ToOpener {
  const bytes = new Uint8Array(samples.reduce((sum, sample) => sum + sample.bytes.byteLength, 0));
  let end = 0;
  for (const sample of samples) {
    bytes.set(sample.bytes, end);
    end += sample.bytes.byteLength;
  }
  return {
    key: key && { id: key.id, parts: key.copyParts() },
    bytes,
    samples: samples.map(({ place, committed, bytes: { byteLength: length }, isRead }) => ({
      place,
      committed: { bytes: committed.bytes, mac: committed.mac, sealed: committed.sealed },
      isRead,
      length,
    })),
  };
}
