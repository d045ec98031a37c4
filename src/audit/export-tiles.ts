import { GatehouseError } from "#lib/errors";
import { parseCheckpoint, type TileSource, tilePath, tilesOf } from "#tlog";

/** Where exported files go; `path` is relative. */
export type WriteFile = (path: string, bytes: Uint8Array) => Promise<void>;

/**
 * Copies a published log file by file, the checkpoint last: whoever finds it finds everything it covers. Nothing is
 * checked here; verify the copy. Throws `audit_export_incomplete` when the log lacks a file.
 */
export async function exportTiles(source: TileSource, write: WriteFile): Promise<{ readonly files: number }> {
  const note = await source.checkpoint();
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note);
  if (note === undefined || checkpoint === undefined)
    throw incomplete("it has no checkpoint that could be read");
  let files = 0;
  for (const tile of tilesOf(checkpoint.size)) {
    const path = tilePath(tile);
    const bytes = await source.read(path);
    if (bytes === undefined) throw incomplete(`${path} is missing`);
    await write(path, bytes);
    files += 1;
  }
  await write("checkpoint", Buffer.from(note, "utf8"));
  return { files: files + 1 };
}

function incomplete(why: string): GatehouseError {
  return new GatehouseError(
    "audit_export_incomplete",
    `The log cannot be exported whole: ${why}. Run \`gatehouse audit verify\` on the data folder.`,
  );
}
