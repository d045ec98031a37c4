import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeBundle,
  emptyFrontier,
  encodeBundle,
  entriesUnder,
  extend,
  hashLeaf,
  parseTilePath,
  proveConsistency,
  proveInclusion,
  rootOf,
  subtreesOf,
  subtreesOfTiles,
  TileTree,
  tilePath,
  tilesNeeded,
  tilesOf,
  verifyInclusion,
} from "#tlog";

const leaf = (n: number): Uint8Array => Buffer.from(`leaf ${n}`);
const hashesOf = (size: number) => Array.from({ length: size }, (_, n) => hashLeaf(leaf(n)));

test.each([
  "tile/0/1",
  "tile/0/0001",
  "tile/0/x000/001",
  "tile/00/000",
  "tile/64/000",
  "tile/-1/000",
  "tile/0/000.p/0",
  "tile/0/000.p/256",
  "tile/0/000.p/01",
  "tile/0/../000",
  "tile/0/000/",
  "/tile/0/000",
  "tile/data/000",
  "tile/0/000.p/1\n",
])("%j names no file of a log", (path) => {
  expect(parseTilePath(path)).toBeUndefined();
});

test("paths are as the specification has them", () => {
  expect(tilePath({ level: 0, index: 0, width: 256 })).toBe("tile/0/000");
  expect(tilePath({ level: 3, index: 1_234_067, width: 256 })).toBe("tile/3/x001/x234/067");
  expect(tilePath({ level: "entries", index: 1_000, width: 17 })).toBe("tile/entries/x001/000.p/17");
});

test("every path leads back to its tile", () => {
  const tiles = fc.record({
    level: fc.oneof(fc.constant("entries" as const), fc.integer({ min: 0, max: 63 })),
    index: fc.integer({ min: 0, max: 999_999_999_999 }),
    width: fc.integer({ min: 1, max: 256 }),
  });
  fc.assert(
    fc.property(tiles, (tile) => {
      expect(parseTilePath(tilePath(tile))).toEqual(tile);
    }),
  );
});

test("a log of 70,000 entries has exactly the tiles that the specification asks for", () => {
  const paths = [...tilesOf(70_000)].map(tilePath);
  expect(paths.length).toBe(274 + 274 + 2 + 1);
  expect(paths).toContain("tile/entries/273.p/112");
  expect(paths).toContain("tile/0/273.p/112");
  expect(paths).toContain("tile/1/001.p/17");
  expect(paths).toContain("tile/2/000.p/1");
  expect([...tilesOf(0)]).toEqual([]);
  expect([...tilesOf(256)].map(tilePath)).toEqual(["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
});

test("a tile knows which entries are under it", () => {
  expect(entriesUnder({ level: "entries", index: 2, width: 3 })).toEqual({ from: 512, to: 515 });
  expect(entriesUnder({ level: 1, index: 1, width: 2 })).toEqual({ from: 65_536, to: 66_048 });
});

test("a bundle that is cut, or goes on after its leaves, is not a bundle", () => {
  const bundle = encodeBundle([leaf(1), leaf(2)]);
  for (let length = 1; length < bundle.byteLength; length += 1) {
    const decoded = decodeBundle(bundle.subarray(0, length));
    expect(decoded === undefined || decoded.length === 1).toBe(true);
  }
  expect(decodeBundle(Buffer.concat([bundle, Buffer.of(0)]))).toBeUndefined();
  expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(RangeError);
});

test("leaves come out of a bundle as they went in, the empty and the longest included", () => {
  const leaves = [new Uint8Array(), leaf(7), Buffer.alloc(65_535, 1)];
  expect(decodeBundle(encodeBundle(leaves))?.map((each) => Buffer.from(each))).toEqual(
    leaves.map((each) => Buffer.from(each)),
  );
});

/** Every tile of a tree as a reader would find it. */
function published(size: number) {
  const hashes = hashesOf(size);
  const tree = new TileTree();
  for (const hash of hashes) tree.append(hash);
  return {
    tree,
    read: ({ level, index }: { level: number; index: number }) =>
      level === 0 ? hashes.slice(index * 256, index * 256 + 256) : tree.hashes({ level, index, width: 256 }),
  };
}

test("the root over tiles is the root over leaves, and proofs from tiles are proofs from leaves", () => {
  for (const size of [1, 2, 255, 256, 257, 700]) {
    const { tree, read } = published(size);
    const leaves = hashesOf(size);
    expect(tree.size).toBe(size);
    expect(tree.root()).toEqual(rootOf(leaves.reduce(extend, emptyFrontier)));
    const [fromTiles, fromLeaves] = [subtreesOfTiles(read), subtreesOf(leaves)];
    for (const index of [0, 1, 255, 256, 511, size - 1].filter((each) => each < size)) {
      expect(proveInclusion(fromTiles, { index, size })).toEqual(proveInclusion(fromLeaves, { index, size }));
      const sizes = { oldSize: index, size };
      expect(proveConsistency(fromTiles, sizes)).toEqual(proveConsistency(fromLeaves, sizes));
    }
  }
});

test("in a log with three levels of tiles, proofs from tiles lead to the root over the leaves", () => {
  const size = 66_000;
  const { tree, read } = published(size);
  const leaves = hashesOf(size);
  const root = rootOf(leaves.reduce(extend, emptyFrontier));
  expect(tree.root()).toEqual(root);
  for (const index of [0, 255, 256, 40_000, 65_535, 65_536, size - 1]) {
    const proof = proveInclusion(subtreesOfTiles(read), { index, size });
    const leafHash = hashLeaf(leaf(index));
    expect(verifyInclusion({ leafHash, index, size, root }, proof)).toEqual({ kind: "proven" });
  }
});

test("a proof in a log of 66,000 entries reads a handful of tiles", () => {
  const needed = tilesNeeded((subtree) => proveInclusion(subtree, { index: 40_000, size: 66_000 }));
  expect(needed.map(({ level, index }) => `${level}/${index}`).sort()).toEqual([
    "0/156",
    "0/257",
    "1/0",
    "1/1",
  ]);
});
