import { decodeBundle, decodeHashes } from "./bundle.ts";
import { type Checkpoint, verifyCheckpoint } from "./checkpoint.ts";
import { type Hash, hashLeaf, isSameHash } from "./hash.ts";
import type { Verifier } from "./note.ts";
import { entriesUnder, type Tile, tilePath, tilesOf, tileWidth } from "./tile.ts";
import { TileTree } from "./tile-tree.ts";

/** A published log: a server's, a folder's. Nothing it gives is believed before it was checked. */
export interface TileSource {
  /** The newest checkpoint, a signed note; `undefined` when there is none. */
  checkpoint(): Promise<string | undefined>;
  /** The file at a path of `tilePath`; `undefined` when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
}

export interface TilesOptions {
  /** From outside the log. */
  readonly verifier: Verifier;
  /** Checkpoints seen earlier, signed notes. Without one, a log that was cut or written anew cannot be noticed. */
  readonly pinned: readonly string[];
  /** Told of each entry, in order, once its hash was found to be right; before the checkpoint has vouched for it. */
  readonly onEntry?: (index: number, leaf: Uint8Array) => void;
}

/** What was proven, or the first place where it could not be. `problem` is a sentence for people. */
export type TilesVerification =
  | {
      readonly kind: "verified";
      readonly origin: string;
      readonly entries: number;
      /** Hex. */
      readonly root: string;
      /** The newest, and those seen earlier. */
      readonly checkpoints: number;
      /** Files that were read and found to be what the entries make them. */
      readonly tiles: number;
    }
  | { readonly kind: "broken"; readonly index: number | undefined; readonly problem: string };

/** Reads every file of a published log and recomputes what it claims. Throws only what the source throws. */
export async function verifyTiles(source: TileSource, options: TilesOptions): Promise<TilesVerification> {
  try {
    return await new TilesCheck(source, options).run();
  } catch (error) {
    if (error instanceof Broken) return { kind: "broken", index: error.index, problem: error.message };
    throw error;
  }
}

/** Leaves the nested loops; never leaves this file. */
class Broken extends Error {
  readonly index: number | undefined;
  constructor(problem: string, index?: number) {
    super(problem);
    this.index = index;
  }
}

/** Files asked for together: a server far away is waited for once in eight. */
const readAtOnce = 8;

class TilesCheck {
  readonly #source: TileSource;
  readonly #options: TilesOptions;
  readonly #tree = new TileTree();
  #pinned: ReadonlyMap<number, readonly Checkpoint[]> = new Map();
  #agreed = 0;
  #tiles = 0;

  constructor(source: TileSource, options: TilesOptions) {
    this.#source = source;
    this.#options = options;
  }

  async run(): Promise<TilesVerification> {
    const newest = this.#believed(await this.#source.checkpoint(), "the published checkpoint");
    const pinned = this.#options.pinned
      .map((note) => this.#believed(note, "the kept checkpoint"))
      .sort((one, other) => one.size - other.size);
    const longest = pinned.at(-1)?.size ?? 0;
    if (longest > newest.size) {
      const missing = `Entries ${newest.size} to ${longest - 1} are missing: the log was cut.`;
      throw new Broken(
        `The published log has ${newest.size} entries; the kept checkpoint covers ${longest}. ${missing}`,
        newest.size,
      );
    }
    this.#pinned = Map.groupBy(pinned, (kept) => kept.size);
    await this.#checkEntries(newest.size);
    await this.#checkUpperTiles(newest.size);
    this.#requireRoot(newest, "the published checkpoint");
    const root = Buffer.from(newest.root).toString("hex");
    const { origin, size: entries } = newest;
    return {
      kind: "verified",
      origin,
      entries,
      root,
      checkpoints: 1 + pinned.length,
      tiles: this.#tiles,
    };
  }

  #believed(note: string | undefined, name: string): Checkpoint {
    if (note === undefined) throw new Broken("There is no checkpoint here, so nothing vouches for anything.");
    const verification = verifyCheckpoint(note, this.#options.verifier);
    if (verification.kind === "verified") return verification.checkpoint;
    throw new Broken(`${capitalised(name)} cannot be believed: ${verification.why}.`);
  }

  /** Bundles against the tiles of leaf hashes, and prefixes against the checkpoints that were kept. */
  async #checkEntries(size: number): Promise<void> {
    for (let from = 0; from < size; from += tileWidth * readAtOnce) {
      const tiles = [...leafTiles(from, Math.min(size, from + tileWidth * readAtOnce))];
      const read = await Promise.all(
        tiles.map(async (tile) => ({
          leaves: await this.#items({ ...tile, level: "entries" }, decodeBundle),
          hashes: await this.#items(tile, decodeHashes),
          width: tile.width,
        })),
      );
      for (const { leaves, hashes, width } of read) {
        for (let offset = 0; offset < width; offset += 1) this.#appendEntry(leaves[offset], hashes[offset]);
      }
    }
  }

  #appendEntry(leaf: Uint8Array | undefined, published: Hash | undefined): void {
    const index = this.#tree.size;
    if (leaf === undefined) throw new Broken(`Entry ${index} is missing from its bundle.`, index);
    if (published === undefined)
      throw new Broken(`The hash of entry ${index} is missing from its tile.`, index);
    const computed = hashLeaf(leaf);
    if (!isSameHash(computed, published)) {
      throw new Broken(
        `Entry ${index} was changed, dropped or moved: it has not the hash that the log gives it.`,
        index,
      );
    }
    this.#tree.append(computed);
    this.#options.onEntry?.(index, leaf);
    for (const kept of this.#pinned.get(index + 1) ?? []) this.#requireRoot(kept, "the kept checkpoint");
  }

  async #checkUpperTiles(size: number): Promise<void> {
    for (const tile of tilesOf(size)) {
      if (tile.level === "entries" || tile.level === 0) continue;
      const published = await this.#items(tile, decodeHashes);
      for (const [offset, computed] of this.#tree.hashes(tile).entries()) {
        const hash = published[offset];
        if (hash === undefined || !isSameHash(hash, computed)) throw foreignHash(tile, offset);
      }
    }
  }

  #requireRoot({ size, root }: Checkpoint, name: string): void {
    if (isSameHash(root, this.#tree.root())) {
      this.#agreed = size;
      return;
    }
    throw new Broken(
      `The first ${size} entries are not those that ${name} was signed over. ` +
        `An entry from ${this.#agreed} to ${size - 1} was changed, dropped, added or moved.`,
      this.#agreed,
    );
  }

  /** As many as the tile is wide, or fewer; the caller names the first that is missing. */
  async #items<Item>(
    tile: Tile,
    decode: (bytes: Uint8Array) => readonly Item[] | undefined,
  ): Promise<readonly Item[]> {
    const items = decode(await this.#file(tile));
    if (items === undefined || items.length > tileWidth) {
      throw new Broken(`${tilePath(tile)} is not a file of a log.`, entriesUnder(tile).from);
    }
    this.#tiles += 1;
    return items.slice(0, tile.width);
  }

  /** A partial tile may be gone once the full one exists; of a full one we take what we asked for. */
  async #file(tile: Tile): Promise<Uint8Array> {
    const path = tilePath(tile);
    const bytes =
      (await this.#source.read(path)) ?? (await this.#source.read(tilePath({ ...tile, width: tileWidth })));
    if (bytes !== undefined) return bytes;
    throw new Broken(`${path} is missing.`, entriesUnder(tile).from);
  }
}

/** The tiles of leaf hashes over `[from, to)`, `from` being the start of one. */
function* leafTiles(from: number, to: number): Generator<Tile> {
  for (let at = from; at < to; at += tileWidth) {
    yield { level: 0, index: at / tileWidth, width: Math.min(tileWidth, to - at) };
  }
}

function foreignHash(tile: Tile, offset: number): Broken {
  const { from, to } = entriesUnder(tile);
  const each = (to - from) / tile.width;
  const first = from + offset * each;
  return new Broken(
    `${tilePath(tile)} was hashed over other entries: one from ${first} to ${first + each - 1} was changed, dropped or moved.`,
    first,
  );
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
