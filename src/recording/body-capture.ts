import { createHash } from "node:crypto";
import { Transform } from "node:stream";

/** What passed through so far: the beginning of the bytes, and length and digest of all of them. */
export interface CapturedBody {
  /** The first bytes, at most the limit. */
  readonly bytes: Uint8Array;
  readonly totalBytes: number;
  /** SHA-256 of everything that passed, hex. */
  readonly sha256: string;
  /** Whether more passed than was kept. */
  readonly isTruncated: boolean;
}

export interface BodyCapture {
  /** Passes bytes through unchanged, with back-pressure. */
  readonly stream: Transform;
  /** At any time; final once the stream has ended. After a break, what passed until then. */
  captured(): CapturedBody;
}

/** Memory is bounded by the limit, whatever the body. */
export function captureBody(limitBytes: number): BodyCapture {
  const hash = createHash("sha256");
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let totalBytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      totalBytes += chunk.byteLength;
      if (keptBytes < limitBytes) {
        // A copy: whoever gets the chunk next may overwrite it, and a view would hold on to the whole of it.
        const beginning = Buffer.from(chunk.subarray(0, limitBytes - keptBytes));
        kept.push(beginning);
        keptBytes += beginning.byteLength;
      }
      done(null, chunk);
    },
  });
  return {
    stream,
    captured: () => ({
      bytes: Buffer.concat(kept),
      totalBytes,
      sha256: hash.copy().digest("hex"),
      isTruncated: totalBytes > keptBytes,
    }),
  };
}
