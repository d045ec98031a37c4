import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { GatehouseError } from "#lib/errors";
import type { ReceivedRequest } from "./exchange.ts";
import type { OutgoingBody } from "./sent-body.ts";

/**
 * The body as it will leave. Up to `bufferMax` bytes are taken whole, so that the intent commits to their digest;
 * a larger one is passed on as a stream that fails once it exceeds `bytesMax`. Rejects when the client stops sending.
 */
export async function takeBody(
  request: Pick<ReceivedRequest, "body" | "bodyBytes">,
  { bufferMax, bytesMax }: { readonly bufferMax: number; readonly bytesMax: number },
): Promise<OutgoingBody> {
  const { body, bodyBytes } = request;
  if (bodyBytes === 0) return { kind: "empty" };
  if (bodyBytes !== undefined && bodyBytes > bufferMax) {
    return { kind: "stream", stream: body, bytes: bodyBytes };
  }
  const begun = await readUpTo(body, bufferMax);
  if (begun.isWhole) return bufferedBody(begun.bytes);
  return { kind: "stream", stream: Readable.from(continued(begun, bytesMax)), bytes: undefined };
}

export function bufferedBody(bytes: Uint8Array): OutgoingBody {
  if (bytes.length === 0) return { kind: "empty" };
  return { kind: "buffered", bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** The beginning of a body that was read before its call was judged, and a body that still yields all of it. */
export interface PeekedBody {
  /** All of it; `undefined` when there is more than `bytesMax`. */
  readonly bytes: Uint8Array | undefined;
  /** What was read of one that is longer: at least `bytesMax`. */
  readonly beginning: Uint8Array | undefined;
  readonly request: Pick<ReceivedRequest, "body" | "bodyBytes">;
}

/**
 * Reads a body up to `bytesMax` and puts back what was read, so that the bytes that were judged are the bytes that go on;
 * the rest of a longer one stays where it is. One that says it is longer is touched only if its beginning is wanted.
 * Rejects when the client stops sending.
 */
export async function peekBody(
  { body, bodyBytes }: Pick<ReceivedRequest, "body" | "bodyBytes">,
  { bytesMax, wantsBeginning }: { readonly bytesMax: number; readonly wantsBeginning: boolean },
): Promise<PeekedBody> {
  if (bodyBytes === 0) {
    return { bytes: new Uint8Array(0), beginning: undefined, request: { body, bodyBytes } };
  }
  if (bodyBytes !== undefined && bodyBytes > bytesMax && !wantsBeginning) {
    return { bytes: undefined, beginning: undefined, request: { body, bodyBytes } };
  }
  const begun = await readUpTo(body, bytesMax);
  if (!begun.isWhole) {
    const whole = Readable.from(continued(begun, Number.POSITIVE_INFINITY));
    return { bytes: undefined, beginning: begun.bytes, request: { body: whole, bodyBytes } };
  }
  const { bytes } = begun;
  return { bytes, beginning: undefined, request: { body: streamOf(bytes), bodyBytes: bytes.length } };
}

/** Lets go of the bytes as soon as they are taken: a call that waits for people must not hold on to them. */
function streamOf(bytes: Uint8Array): Readable {
  const stream = new Readable({ read: () => undefined });
  stream.push(bytes);
  stream.push(null);
  return stream;
}

/** All of a stream, or `undefined` when there is more than `bytesMax`; what was not read is left where it is. */
export async function readWhole(stream: Readable, bytesMax: number): Promise<Uint8Array | undefined> {
  const begun = await readUpTo(stream, bytesMax);
  return begun.isWhole ? begun.bytes : undefined;
}

interface Begun {
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
  readonly rest: AsyncIterator<unknown>;
}

async function readUpTo(stream: Readable, bytesMax: number): Promise<Begun> {
  // Destroying a request's body would take the socket with it, and with it the refusal.
  const rest: AsyncIterator<unknown> = stream.iterator({ destroyOnReturn: false });
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= bytesMax) {
    const next = await rest.next();
    if (next.done === true) return { bytes: Buffer.concat(chunks), isWhole: true, rest };
    const chunk = asBytes(next.value);
    chunks.push(chunk);
    length += chunk.length;
  }
  return { bytes: Buffer.concat(chunks), isWhole: false, rest };
}

async function* continued({ bytes, rest }: Begun, bytesMax: number): AsyncGenerator<Uint8Array> {
  let length = bytes.length;
  yield bytes;
  for (;;) {
    const next = await rest.next();
    if (next.done === true) return;
    const chunk = asBytes(next.value);
    length += chunk.length;
    if (length > bytesMax) throw new GatehouseError("body_too_large", "The request body is too large.");
    yield chunk;
  }
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new GatehouseError("assertion_failed", "a body stream yielded something that is not bytes");
}
