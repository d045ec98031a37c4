// C2SP tlog-tiles (https://c2sp.org/tlog-tiles): the log as static files. A tile holds up to 256 hashes; level 0 those of
// the leaves, level l + 1 the roots of the full tiles of level l. An entry bundle holds up to 256 leaves.

/** Hashes of a full tile, leaves of a full bundle. */
export const tileWidth = 256;

/** One file of a log. */
export interface Tile {
  readonly level: number | "entries";
  /** From the left, 0 first. */
  readonly index: number;
  /** 1 to 256; less than 256 is a partial tile. */
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]`, N in groups of three digits, all but the last with an `x`. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, "0");
  const groups = padded.match(/.{3}/g) ?? [];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return `tile/${level}/${name}${width < tileWidth ? `.p/${width}` : ""}`;
}

/** `undefined` for anything that `tilePath` does not make: one file, one name. */
export function parseTilePath(path: string): Tile | undefined {
  const shape = /^tile\/(entries|[0-9]|[1-5][0-9]|6[0-3])\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;
  const [, level, name, width] = shape.exec(path) ?? [];
  if (level === undefined || name === undefined) return undefined;
  const tile = {
    level: level === "entries" ? level : Number(level),
    index: Number(name.replace(/[x/]/g, "")),
    width: width === undefined ? tileWidth : Number(width),
  } as const;
  return tile.width <= tileWidth && tilePath(tile) === path ? tile : undefined;
}

/** Every file of a log of `size` entries but its checkpoint: bundles first, then hashes from the leaves up. */
export function* tilesOf(size: number): Generator<Tile> {
  yield* tilesOfLevel("entries", size);
  let level = 0;
  for (let hashes = size; hashes > 0; hashes = Math.floor(hashes / tileWidth)) {
    yield* tilesOfLevel(level, hashes);
    level += 1;
  }
}

function* tilesOfLevel(level: Tile["level"], hashes: number): Generator<Tile> {
  for (let index = 0; index * tileWidth < hashes; index += 1) {
    yield { level, index, width: Math.min(tileWidth, hashes - index * tileWidth) };
  }
}

/** The entries `[from, to)` below a tile. */
export function entriesUnder({ level, index, width }: Tile): { readonly from: number; readonly to: number } {
  const each = level === "entries" ? 1 : tileWidth ** level;
  return { from: index * tileWidth * each, to: (index * tileWidth + width) * each };
}
