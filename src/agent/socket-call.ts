import { request } from "node:http";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { isOwnSocket } from "./socket-file.ts";

export interface SocketAnswer {
  readonly status: number;
  /** Parsed JSON, or `undefined` where it was none. */
  readonly body: unknown;
}

/** One question over a helper's socket. Throws `socket_foreign`, `helper_gone`. */
export async function askSocket(socketPath: string, path: string, method = "GET"): Promise<SocketAnswer> {
  if (!isOwnSocket(socketPath)) {
    throw new GatehouseError(
      "socket_foreign",
      `${socketPath} is no socket of your own Gatehouse helper: it does not exist, or others could have made it.`,
    );
  }
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(
        new GatehouseError("helper_gone", `No helper answers at ${socketPath}: its run has ended.`, {
          cause,
        }),
      );
    const outgoing = request({ socketPath, path, method, timeout: limits.controlTimeoutMs });
    outgoing.on("timeout", () => outgoing.destroy(new Error("it did not answer in time")));
    outgoing.on("error", fail);
    outgoing.on("response", (answer) => {
      answer.setEncoding("utf8");
      let text = "";
      answer.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > limits.socketAnswerCharsMax) outgoing.destroy(new Error("it says too much"));
      });
      answer.on("error", fail);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: jsonOrUndefined(text) }));
    });
    outgoing.end();
  });
}

export function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
