import type { Readable } from "node:stream";

/** All of a body; `undefined` when it is larger than `bytesMax`. Whatever happens, nothing more of it is read. */
export async function readCapped(
  body: Readable,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) {
      discard(body);
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Destroying rather than draining: the rest may be endless. */
export function discard(body: Readable): void {
  body.on("error", () => undefined).destroy();
}
