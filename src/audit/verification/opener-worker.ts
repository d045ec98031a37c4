import { parentPort } from "node:worker_threads";
import { assert, messageOf } from "#lib/errors";
import { DataKey } from "../data-key.ts";
import { judge, type Verdict } from "./opener.ts";
import type { FromOpener, ToOpener } from "./opener-protocol.ts";

// A thread that opens what it is handed. It has each key for one batch only, and overwrites it then.

function answerTo({ key, bytes, samples }: ToOpener): readonly Verdict[] {
  const opened = key === undefined ? undefined : DataKey.ofParts(key.id, key.parts);
  try {
    let end = 0;
    return samples.map(({ length, ...sample }) => {
      const own = bytes.subarray(end, end + length);
      end += length;
      return judge({ ...sample, bytes: own }, opened);
    });
  } finally {
    opened?.forget();
  }
}

assert(parentPort !== null, "the opener runs in a worker thread");
const port = parentPort;
port.on("message", (message: ToOpener) => {
  const answer = (reply: FromOpener): void => port.postMessage(reply);
  try {
    answer({ kind: "verdicts", verdicts: answerTo(message) });
  } catch (error) {
    answer({ kind: "failed", message: messageOf(error) });
  }
});
