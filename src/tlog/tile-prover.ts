import { decodeBundle, decodeHashes } from "./bundle.ts";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import type { Hash } from "./hash.ts";
import { proveInclusion } from "./proof.ts";
import { formatProofFile } from "./proof-file.ts";
import { type Tile, tilePath, tileWidth } from "./tile.ts";
import { subtreesOfTiles, tilesNeeded } from "./tile-tree.ts";
import type { TileSource } from "./verify-tiles.ts";

/** Proofs of many entries under one checkpoint, made from a published log's files. */
export interface TileProver {
  readonly checkpoint: Checkpoint;
  /** A proof file; `undefined` when the log lacks a file for it. What it proves is still to be verified. */
  prove(index: number): Promise<string | undefined>;
}

/** Files kept in memory: neighbours share theirs, and 32 of 8 KiB to 16 MiB are the path of one entry several times over. */
const filesKeptMax = 32;

/** `undefined` for a note that is no checkpoint. */
export function tileProver(source: TileSource, note: string): TileProver | undefined {
  const checkpoint = parseCheckpoint(note);
  return checkpoint === undefined ? undefined : new Prover(source, note, checkpoint);
}

class Prover implements TileProver {
  readonly checkpoint: Checkpoint;
  readonly #source: TileSource;
  readonly #note: string;
  /** The oldest goes first. */
  readonly #kept = new Map<string, readonly Uint8Array[]>();

  constructor(source: TileSource, note: string, checkpoint: Checkpoint) {
    this.#source = source;
    this.#note = note;
    this.checkpoint = checkpoint;
  }

  async prove(index: number): Promise<string | undefined> {
    const { size } = this.checkpoint;
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) return undefined;
    const leaves = await this.#parts("entries", Math.floor(index / tileWidth));
    const leaf = leaves?.[index % tileWidth];
    const hashes = await this.#path({ index, size });
    if (leaf === undefined || hashes === undefined) return undefined;
    return formatProofFile({ leaf, index, hashes, checkpoint: this.#note });
  }

  async #path(place: { index: number; size: number }): Promise<readonly Hash[] | undefined> {
    const tiles = new Map<string, readonly Hash[]>();
    for (const { level, index } of tilesNeeded((subtree) => proveInclusion(subtree, place))) {
      const hashes = await this.#parts(level, index);
      if (hashes === undefined) return undefined;
      tiles.set(`${level}/${index}`, hashes);
    }
    return proveInclusion(
      subtreesOfTiles(({ level, index }) => tiles.get(`${level}/${index}`) ?? []),
      place,
    );
  }

  /** The leaves of a bundle or the hashes of a tile, whole or not at all. */
  async #parts(level: Tile["level"], index: number): Promise<readonly Uint8Array[] | undefined> {
    const each = level === "entries" ? 1 : tileWidth ** level;
    const width = Math.min(tileWidth, Math.floor(this.checkpoint.size / each) - index * tileWidth);
    const path = tilePath({ level, index, width });
    const known = this.#kept.get(path);
    if (known !== undefined) return known;
    const bytes = await this.#source.read(path);
    if (bytes === undefined) return undefined;
    const parts = level === "entries" ? decodeBundle(bytes) : decodeHashes(bytes);
    if (parts?.length !== width) return undefined;
    this.#keep(path, parts);
    return parts;
  }

  #keep(path: string, parts: readonly Uint8Array[]): void {
    this.#kept.set(path, parts);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > filesKeptMax && oldest !== undefined) this.#kept.delete(oldest);
  }
}
