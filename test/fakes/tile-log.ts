import {
  encodeBundle,
  encodeHashes,
  hashLeaf,
  type NoteSigner,
  signCheckpoint,
  type TileSource,
  TileTree,
  tilePath,
  tilesOf,
} from "#tlog";

/** A published log in memory, to be tampered with: files by path, the checkpoint apart. */
export interface TileLog extends TileSource {
  readonly files: Map<string, Uint8Array>;
  note: string | undefined;
}

/** The files of a log over these leaves, as any publisher of C2SP tiles would write them. */
export function tileLog(leaves: readonly Uint8Array[], signer: NoteSigner, origin: string): TileLog {
  const tree = new TileTree();
  const hashes = leaves.map(hashLeaf);
  for (const hash of hashes) tree.append(hash);
  const files = new Map<string, Uint8Array>();
  for (const tile of tilesOf(leaves.length)) {
    const [from, to] = [tile.index * 256, tile.index * 256 + tile.width];
    const bytes =
      tile.level === "entries"
        ? encodeBundle(leaves.slice(from, to))
        : encodeHashes(tile.level === 0 ? hashes.slice(from, to) : tree.hashes(tile));
    files.set(tilePath(tile), new Uint8Array(bytes));
  }
  const log: TileLog = {
    files,
    note: signCheckpoint({ origin, size: leaves.length, root: tree.root() }, signer),
    checkpoint: async () => log.note,
    read: async (path) => files.get(path),
  };
  return log;
}
