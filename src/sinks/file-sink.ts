import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "#lib/whole-file";
import type { Batch, Sink } from "./sink.ts";

/**
 * JSON lines at the end of a file, readable by its owner only. It is opened anew for each batch, so that a file that was
 * rotated away is left alone, and synced before the cursor moves; so is the folder of a new one. A line that a crash cut
 * short is closed, never cut off: the file may be somebody's evidence. Its entries follow again, whole.
 */
export function fileSink(path: string): Sink {
  return {
    async deliver(batch) {
      const file = await open(path, "a+", 0o600);
      try {
        const { size } = await file.stat();
        // Before it holds anything: whatever is in it at the next batch has a name that is durable.
        if (size === 0) syncFolder(dirname(path));
        const torn = size > 0 && (await endsWithinLine(file, size)) ? "\n" : "";
        await file.appendFile(torn + linesOf(batch), "utf8");
        await file.sync();
      } finally {
        await file.close();
      }
    },
    close: () => Promise.resolve(),
  };
}

export function linesOf({ entries }: Batch): string {
  return entries.map(({ json }) => `${json}\n`).join("");
}

async function endsWithinLine(file: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== 0x0a;
}
