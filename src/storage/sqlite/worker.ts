import { parentPort, workerData } from "node:worker_threads";
import { assert, GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { Engine } from "./engine.ts";
import { openForReading, openForServing } from "./open-files.ts";
import type { FromWorker, ToWorker, WorkerOptions } from "./worker-protocol.ts";

// The one thread that touches the database file. Everything here is synchronous: a commit blocks this thread for
// one sync, and never the event loop that serves requests.

function start(options: WorkerOptions): void {
  assert(parentPort !== null, "the database worker runs in a worker thread");
  const port = parentPort;
  const answer = (message: FromWorker): void => port.postMessage(message);
  try {
    const files = options.mode === "serve" ? openForServing(options.path) : openForReading(options.path);
    const engine = new Engine(files);
    port.on("message", (message: ToWorker) => {
      if (message.kind === "batch") {
        answer({
          kind: "results",
          writes: engine.write(message.writes),
          reads: message.reads.map((read) => engine.read(read)),
          ...(message.scrub === true ? { isScrubbed: engine.scrub() } : {}),
        });
        engine.checkpointIfDue(limits.walBytesMax);
        return;
      }
      engine.close();
      files.release();
      answer({ kind: "closed" });
      port.close();
    });
    answer({ kind: "opened" });
  } catch (error) {
    const code = error instanceof GatehouseError ? error.code : "database_unusable";
    const message = error instanceof GatehouseError ? error.message : `${options.path}: ${messageOf(error)}`;
    answer({ kind: "refused", code, message });
    port.close();
  }
}

function parseOptions(data: unknown): WorkerOptions {
  const isObject = typeof data === "object" && data !== null && "path" in data && "mode" in data;
  assert(isObject && typeof data.path === "string", "the worker is told a path");
  assert(data.mode === "serve" || data.mode === "read", "the worker is told a mode");
  return { path: data.path, mode: data.mode };
}

start(parseOptions(workerData));
