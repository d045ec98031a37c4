import type { Hash } from "./hash.ts";
import { tileWidth } from "./tile.ts";

const hashBytes = 32;
const leafBytesMax = 0xffff;
/** The largest honest file of a log: a bundle of the longest leaves. */
export const tileBytesMax = tileWidth * (2 + leafBytesMax);

/** Each leaf after its length, 16 bits, big-endian. Throws `RangeError` for a leaf that is too long. */
export function encodeBundle(leaves: readonly Uint8Array[]): Uint8Array {
  const parts = leaves.flatMap((leaf) => {
    if (leaf.byteLength > leafBytesMax) throw new RangeError("a leaf has at most 65,535 bytes");
    return [Uint8Array.of(leaf.byteLength >> 8, leaf.byteLength & 0xff), leaf];
  });
  return Buffer.concat(parts);
}

/** `undefined` unless the bytes are whole leaves to the last byte. */
export function decodeBundle(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  const leaves: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    const [high, low] = bytes.subarray(at, at + 2);
    if (high === undefined || low === undefined) return undefined;
    const end = at + 2 + high * 256 + low;
    if (end > bytes.byteLength) return undefined;
    leaves.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return leaves;
}

export function encodeHashes(hashes: readonly Hash[]): Uint8Array {
  return Buffer.concat(hashes);
}

/** `undefined` unless the bytes are whole hashes. */
export function decodeHashes(bytes: Uint8Array): readonly Hash[] | undefined {
  if (bytes.byteLength % hashBytes !== 0) return undefined;
  return Array.from({ length: bytes.byteLength / hashBytes }, (_, at) =>
    bytes.subarray(at * hashBytes, (at + 1) * hashBytes),
  );
}
