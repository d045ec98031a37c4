import type { IncomingMessage, ServerResponse } from "node:http";
import { openBoundedListener } from "#lib/bounded-listener";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { isLoopbackHost } from "#lib/loopback";
import type { Witness, WitnessAnswer } from "./witness.ts";

export interface WitnessServer {
  readonly url: string;
  close(): Promise<void>;
}

export interface WitnessListener {
  /** A loopback address; TLS ends in front of it. */
  readonly host: string;
  readonly port: number;
  /** What went wrong with the witness itself, never with a request. */
  readonly onFailure: (error: unknown) => void;
}

/** `POST /add-checkpoint` and nothing else. Throws `tls_required`, and what listening throws. */
export async function serveWitness(witness: Witness, listener: WitnessListener): Promise<WitnessServer> {
  if (!isLoopbackHost(listener.host)) {
    throw new GatehouseError(
      "tls_required",
      `A witness on ${listener.host} needs TLS in front of it: listen on 127.0.0.1 and let a proxy lead there.`,
    );
  }
  const bounds = { requestTimeoutMs: limits.witnessTimeoutMs, connectionsMax: limits.witnessConnectionsMax };
  const opened = await openBoundedListener(
    { host: listener.host, port: listener.port, ...bounds },
    (request, response) => void answer(witness, listener, request, response),
  );
  const host = listener.host.includes(":") ? `[${listener.host}]` : listener.host;
  return { url: `http://${host}:${opened.port}`, close: () => opened.close() };
}

async function answer(
  witness: Witness,
  { onFailure }: WitnessListener,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (request.url !== "/add-checkpoint") {
      end(response, 404, "there is only /add-checkpoint");
      return;
    }
    if (request.method !== "POST") {
      end(response, 405, "checkpoints are posted", { allow: "POST" });
      return;
    }
    const body = await readBody(request);
    if (body === undefined) {
      end(response, 413, "no log needs to say so much", { connection: "close" });
      return;
    }
    say(response, witness.addCheckpoint(body));
  } catch (error) {
    // A sender who goes away is no failure of ours.
    if (request.destroyed && !request.complete) return;
    onFailure(error);
    end(response, 500, "the witness cannot answer; its operator has been told");
  }
}

function say(response: ServerResponse, said: WitnessAnswer): void {
  if (said.status === 200) end(response, 200, said.lines.trimEnd());
  else if (said.status === 409) {
    end(response, 409, String(said.size), { "content-type": "text/x.tlog.size" });
  } else end(response, said.status, said.why);
}

function end(
  response: ServerResponse,
  status: number,
  line: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers }).end(`${line}\n`);
}

/** `undefined` when it is too long, or not UTF-8: a note is text. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop must not close the socket, or the refusal would not arrive.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!(chunk instanceof Buffer)) throw new TypeError("bodies come as bytes");
    bytes += chunk.byteLength;
    if (bytes > limits.witnessBodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    return `not UTF-8: ${messageOf(error)}`;
  }
}
