import { emptyFrontier, extend, type Frontier, rootOf } from "./frontier.ts";
import { type Hash, hashNode } from "./hash.ts";
import type { SubtreeRoot } from "./proof.ts";
import { type Tile, tileWidth } from "./tile.ts";

/**
 * Hashes of a growing tree above its leaves: what the tiles of level 1 and up hold. Keeps 32 bytes for each 255
 * entries, and of the leaves only the unfinished tile. Owned by one reader.
 */
export class TileTree {
  /** `[0]` is the unfinished tile of leaf hashes; `[l]` are all hashes of level l. */
  readonly #levels: Hash[][] = [[]];
  #frontier: Frontier = emptyFrontier;

  get size(): number {
    return this.#frontier.size;
  }

  root(): Hash {
    return rootOf(this.#frontier);
  }

  append(leafHash: Hash): void {
    this.#frontier = extend(this.#frontier, leafHash);
    this.#levelOf(0).push(leafHash);
    for (let level = 0; this.#levelOf(level).length % tileWidth === 0; level += 1) {
      const hashes = this.#levelOf(level);
      this.#levelOf(level + 1).push(perfectRoot(hashes.slice(-tileWidth)));
      if (level === 0) hashes.length = 0;
    }
  }

  /** The hashes of a tile above the leaves; fewer than its width when the tree has not grown that far. */
  hashes({ level, index, width }: Tile): readonly Hash[] {
    if (level === "entries" || level < 1) throw new RangeError("a tile tree keeps no leaves");
    return (this.#levels[level] ?? []).slice(index * tileWidth, index * tileWidth + width);
  }

  #levelOf(level: number): Hash[] {
    const known = this.#levels[level];
    if (known !== undefined) return known;
    const created: Hash[] = [];
    this.#levels[level] = created;
    return created;
  }
}

/** Root over hashes whose number is a power of two. */
function perfectRoot(hashes: readonly Hash[]): Hash {
  const [first, second] = hashes;
  if (first === undefined) throw new RangeError("there is no tree over nothing");
  if (second === undefined) return first;
  const middle = hashes.length / 2;
  return hashNode(perfectRoot(hashes.slice(0, middle)), perfectRoot(hashes.slice(middle)));
}

/** Place of one tile, whatever its width. */
export type TilePlace = Pick<Tile, "index"> & { readonly level: number };

/** Subtrees over tiles: `hashes` gives those of a tile, at least as many as the tree has there. */
export function subtreesOfTiles(hashes: (place: TilePlace) => readonly Hash[]): SubtreeRoot {
  const root = (start: number, end: number): Hash => {
    const split = splitOf(end - start);
    if (split < end - start) return hashNode(root(start, start + split), root(start + split, end));
    const level = Math.floor(Math.log2(split) / 8);
    const each = tileWidth ** level;
    const first = start / each;
    const offset = first % tileWidth;
    const under = hashes({ level, index: Math.floor(first / tileWidth) });
    return perfectRoot(under.slice(offset, offset + split / each));
  };
  return root;
}

/** Which tiles a proof is made from: the proof is made once over nothing, and what it asks for is written down. */
export function tilesNeeded(prove: (subtree: SubtreeRoot) => unknown): readonly TilePlace[] {
  const places = new Map<string, TilePlace>();
  const nothing = Array.from({ length: tileWidth }, () => new Uint8Array(32));
  prove(
    subtreesOfTiles((place) => {
      places.set(`${place.level}/${place.index}`, place);
      return nothing;
    }),
  );
  return [...places.values()];
}

/** The largest power of two that is not above `count`. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 <= count) split *= 2;
  return split;
}
