import {
  encodeBundle,
  encodeHashes,
  entriesUnder,
  formatProofFile,
  type Hash,
  parseCheckpoint,
  parseTilePath,
  proveConsistency,
  proveInclusion,
  type SubtreeRoot,
  subtreesOfTiles,
  type Tile,
  type TileSource,
  TileTree,
  tilesNeeded,
  tileWidth,
} from "#tlog";
import type { LogSource, StoredEntry } from "./store.ts";

/**
 * The stored log as others see it: C2SP tiles, bundles and proofs, under the newest signed checkpoint and nothing
 * beyond it. It shows what is stored, also when that is damaged: then whoever verifies finds the place.
 */
export interface PublishedLog extends TileSource {
  /** A self-contained proof of one entry; `undefined` while no checkpoint covers it. */
  prove(index: number): Promise<string | undefined>;
  /** That the newest checkpoint continues a log of `oldSize` entries; `undefined` while it is not that large. */
  consistency(oldSize: number): Promise<ConsistencyAnswer | undefined>;
}

export interface ConsistencyAnswer {
  /** The newest, a signed note. */
  readonly checkpoint: string;
  /** RFC 6962 section 2.1.2. */
  readonly proof: readonly Hash[];
}

/** What others said of the checkpoint of this size: signature lines, each with its newline. */
export type CosignatureLines = (size: number) => Promise<readonly string[]>;

export function openPublishedLog(source: LogSource, cosignatures: CosignatureLines = nobody): PublishedLog {
  return new StoredTiles(source, cosignatures);
}

const nobody: CosignatureLines = () => Promise.resolve([]);

/** Entries of a page: at 600 bytes each, 600 KiB at a time. */
const pageEntries = 1_024;

class StoredTiles implements PublishedLog {
  readonly #source: LogSource;
  readonly #cosignatures: CosignatureLines;
  /** Owned here; grows with the log as far as somebody asked. */
  readonly #tree = new TileTree();
  #growing: Promise<void> = Promise.resolve();

  constructor(source: LogSource, cosignatures: CosignatureLines) {
    this.#source = source;
    this.#cosignatures = cosignatures;
  }

  async checkpoint(): Promise<string | undefined> {
    const signed = await this.#source.newestCheckpoint();
    return signed && signed.note + (await this.#cosignatures(signed.size)).join("");
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const tile = parseTilePath(path);
    const signed = await this.#source.newestCheckpoint();
    if (tile === undefined || signed === undefined || entriesUnder(tile).to > signed.size) return undefined;
    return this.#bytesOf(tile);
  }

  async prove(index: number): Promise<string | undefined> {
    const note = await this.checkpoint();
    const size = note === undefined ? 0 : (parseCheckpoint(note)?.size ?? 0);
    const [entry] = await this.#source.entries(index, 1);
    if (note === undefined || index >= size || entry?.index !== index) return undefined;
    const hashes = await this.#path(size, (subtree) => proveInclusion(subtree, { index, size }));
    return hashes && formatProofFile({ leaf: entry.leaf, index, hashes, checkpoint: note });
  }

  async consistency(oldSize: number): Promise<ConsistencyAnswer | undefined> {
    const checkpoint = await this.checkpoint();
    const size = checkpoint === undefined ? 0 : (parseCheckpoint(checkpoint)?.size ?? 0);
    if (checkpoint === undefined || oldSize > size) return undefined;
    const proof = await this.#path(size, (subtree) => proveConsistency(subtree, { oldSize, size }));
    return proof && { checkpoint, proof };
  }

  /** `undefined` when a hash is missing from what is stored. */
  async #path(
    size: number,
    prove: (subtree: SubtreeRoot) => readonly Hash[],
  ): Promise<readonly Hash[] | undefined> {
    const tiles = new Map<string, readonly Hash[]>();
    for (const { level, index } of tilesNeeded(prove)) {
      const width = Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth);
      const hashes = await this.#hashesOf({ level, index, width });
      if (hashes.length !== width) return undefined;
      tiles.set(`${level}/${index}`, hashes);
    }
    return prove(subtreesOfTiles(({ level, index }) => tiles.get(`${level}/${index}`) ?? []));
  }

  async #bytesOf(tile: Tile): Promise<Uint8Array | undefined> {
    const bytes =
      tile.level === "entries"
        ? encodeBundle((await this.#entriesOf(tile)).map(({ leaf }) => leaf))
        : encodeHashes(await this.#hashesOf(tile));
    return bytes.byteLength === 0 ? undefined : bytes;
  }

  /** Fewer than the tile is wide when an entry is missing. */
  async #hashesOf(tile: Tile): Promise<readonly Hash[]> {
    if (tile.level === 0) return (await this.#entriesOf(tile)).map(({ leafHash }) => leafHash);
    await this.#growTo(entriesUnder(tile).to);
    return this.#tree.hashes(tile);
  }

  /** The leaves of one tile or bundle up to the first that is missing. */
  async #entriesOf({ index, width }: Tile): Promise<readonly StoredEntry[]> {
    const first = index * tileWidth;
    const entries = await this.#source.entries(first, width);
    const gap = entries.findIndex((entry, offset) => entry.index !== first + offset);
    return gap < 0 ? entries : entries.slice(0, gap);
  }

  /** One after the other: two readers that grow the tree at once would hash entries twice. */
  #growTo(size: number): Promise<void> {
    const grown = this.#growing.then(() => this.#grow(size));
    // Whoever asked gets the rejection; whoever asks next tries again.
    this.#growing = grown.catch(() => undefined);
    return grown;
  }

  async #grow(size: number): Promise<void> {
    while (this.#tree.size < size) {
      const page = await this.#source.entries(this.#tree.size, Math.min(pageEntries, size - this.#tree.size));
      const before = this.#tree.size;
      for (const { index, leafHash } of page) {
        if (index !== this.#tree.size) return;
        this.#tree.append(leafHash);
      }
      if (this.#tree.size === before) return;
    }
  }
}
