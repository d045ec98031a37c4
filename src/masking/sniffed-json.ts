import type { ByteStage } from "./byte-stage.ts";
import { firstByte } from "./json-text.ts";

/** By its first byte that is no space: a document goes through the masker, and anything else as it is. */
export function sniffedJson(masker: ByteStage): ByteStage {
  let chosen: ByteStage | undefined;
  return {
    write: (chunk) => {
      const first = chunk.find((byte) => !spaces.has(byte));
      if (first !== undefined) chosen ??= isDocument(first) ? masker : asItIs;
      return (chosen ?? asItIs).write(chunk);
    },
    end: () => (chosen ?? asItIs).end(),
  };
}

const asItIs: ByteStage = { write: (chunk) => chunk, end: () => Buffer.alloc(0) };

const spaces: ReadonlySet<number> = new Set(Buffer.from(" \t\r\n"));

/** A byte order mark as well: some parsers pass over it, and the masker, which does not, refuses what it begins. */
function isDocument(first: number): boolean {
  return first === firstByte.object || first === firstByte.array || first === byteOrderMark;
}

const byteOrderMark = 0xef;
