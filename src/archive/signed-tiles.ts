import { GatehouseError } from "#lib/errors";
import {
  type Checkpoint,
  decodeBundle,
  decodeHashes,
  emptyFrontier,
  emptyRoot,
  encodeHashes,
  extend,
  type Hash,
  hashLeaf,
  isSameHash,
  rootOf,
  subtreesOfTiles,
  type Tile,
  type TilePlace,
  type TileSource,
  tilePath,
  tilesNeeded,
  tileWidth,
} from "#tlog";

/**
 * The files of a log, each given only once it was found to be what the checkpoint was signed over: what is written to a locked
 * bucket stays there for good, and a database may be changed at any moment. The unfinished tiles at the right edge make the
 * signed root; each full tile has its root in the tile above; each bundle hashes to its tile. So nothing is held but the edge and
 * one tile of each level. Everything throws `archive_incomplete`, naming the file.
 */
export class SignedTiles {
  readonly #log: TileSource;
  readonly #checkpoint: Checkpoint;
  readonly #edge = new Map<number, readonly Hash[]>();
  /** The full tile of each level that was asked for last. */
  readonly #full = new Map<number, { readonly index: number; readonly hashes: Promise<readonly Hash[]> }>();

  private constructor(log: TileSource, checkpoint: Checkpoint) {
    this.#log = log;
    this.#checkpoint = checkpoint;
  }

  /** `checkpoint` was verified. */
  static async open(log: TileSource, checkpoint: Checkpoint): Promise<SignedTiles> {
    const tiles = new SignedTiles(log, checkpoint);
    await tiles.#readEdge();
    return tiles;
  }

  async read(tile: Tile): Promise<Uint8Array> {
    const { level, index } = tile;
    if (level !== "entries") return encodeHashes(await this.#hashesOf({ level, index }));
    const bytes = await this.#file(tile);
    const leaves = decodeBundle(bytes) ?? [];
    const hashes = await this.#hashesOf({ level: 0, index });
    const wrong = hashes.findIndex((hash, at) => {
      const leaf = leaves[at];
      return leaf === undefined || !isSameHash(hashLeaf(leaf), hash);
    });
    if (wrong >= 0) throw unsigned(`entry ${index * tileWidth + wrong}`);
    if (leaves.length > hashes.length) throw unsigned(tilePath(tile));
    return bytes;
  }

  /** Of the first `size` entries, not more than the checkpoint has. */
  async rootAt(size: number): Promise<Hash> {
    if (size === 0) return emptyRoot();
    const tiles = new Map<string, readonly Hash[]>();
    for (const place of tilesNeeded((subtree) => subtree(0, size))) {
      tiles.set(tileName(place), await this.#hashesOf(place));
    }
    return subtreesOfTiles((place) => tiles.get(tileName(place)) ?? [])(0, size);
  }

  async #readEdge(): Promise<void> {
    const { size, root } = this.#checkpoint;
    for (const place of size === 0 ? [] : tilesNeeded((subtree) => subtree(0, size))) {
      this.#edge.set(place.level, await this.#readHashes(place));
    }
    const isSigned =
      size === 0
        ? isSameHash(root, emptyRoot())
        : isSameHash(root, subtreesOfTiles(({ level }) => this.#edge.get(level) ?? [])(0, size));
    if (!isSigned) throw unsigned(`what is stored of the first ${size} entries`);
  }

  async #hashesOf(place: TilePlace): Promise<readonly Hash[]> {
    const edge = this.#edge.get(place.level);
    if (this.#widthOf(place) < tileWidth && edge !== undefined) return edge;
    const known = this.#full.get(place.level);
    if (known?.index === place.index) return known.hashes;
    const hashes = this.#fullTile(place);
    this.#full.set(place.level, { index: place.index, hashes });
    return hashes;
  }

  async #fullTile({ level, index }: TilePlace): Promise<readonly Hash[]> {
    const hashes = await this.#readHashes({ level, index });
    const above = await this.#hashesOf({ level: level + 1, index: Math.floor(index / tileWidth) });
    const signed = above[index % tileWidth];
    const computed = rootOf(hashes.reduce(extend, emptyFrontier));
    if (signed !== undefined && isSameHash(computed, signed)) return hashes;
    throw unsigned(tilePath({ level, index, width: tileWidth }));
  }

  async #readHashes(place: TilePlace): Promise<readonly Hash[]> {
    const tile = { ...place, width: this.#widthOf(place) };
    const hashes = decodeHashes(await this.#file(tile));
    if (hashes?.length === tile.width) return hashes;
    throw unsigned(tilePath(tile));
  }

  #widthOf({ level, index }: TilePlace): number {
    return Math.min(tileWidth, Math.floor(this.#checkpoint.size / tileWidth ** level) - index * tileWidth);
  }

  async #file(tile: Tile): Promise<Uint8Array> {
    const bytes = await this.#log.read(tilePath(tile));
    if (bytes !== undefined) return bytes;
    throw incomplete(`${tilePath(tile)} is missing from the log`);
  }
}

const tileName = ({ level, index }: TilePlace): string => `${level}/${index}`;

function unsigned(what: string): GatehouseError {
  return incomplete(`${what} is not what the log's checkpoint was signed over`);
}

export function incomplete(why: string): GatehouseError {
  return new GatehouseError(
    "archive_incomplete",
    `The log cannot be archived: ${why}. Nothing of that was written to the bucket. Run \`gatehouse audit verify\`.`,
  );
}
