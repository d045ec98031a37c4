import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import vectors from "../../test/vectors/rfc6962-tree.json" with { type: "json" };
import {
  emptyFrontier,
  extend,
  type Hash,
  hashLeaf,
  proveConsistency,
  proveInclusion,
  rootOf,
  subtreesOf,
  verifyConsistency,
  verifyInclusion,
} from "./index.ts";

// The definitions of RFC 6962 section 2.1, word for word and as slow as they are; the judge of everything else.
const sha256 = (...parts: Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();
const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);
function mth(d: readonly Uint8Array[]): Buffer {
  if (d.length === 0) return sha256();
  if (d.length === 1) return sha256(Buffer.of(0), ...d);
  const k = split(d.length);
  return sha256(Buffer.of(1), mth(d.slice(0, k)), mth(d.slice(k)));
}
function path(m: number, d: readonly Uint8Array[]): Buffer[] {
  if (d.length === 1) return [];
  const k = split(d.length);
  return m < k
    ? [...path(m, d.slice(0, k)), mth(d.slice(k))]
    : [...path(m - k, d.slice(k)), mth(d.slice(0, k))];
}
function subproof(m: number, d: readonly Uint8Array[], isWhole: boolean): Buffer[] {
  if (m === d.length) return isWhole ? [] : [mth(d)];
  const k = split(d.length);
  return m <= k
    ? [...subproof(m, d.slice(0, k), isWhole), mth(d.slice(k))]
    : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
}

const hex = (hash: Uint8Array): string => Buffer.from(hash).toString("hex");
const hexes = (hashes: readonly Uint8Array[]): string[] => hashes.map(hex);
const rootOver = (leaves: readonly Uint8Array[]): Hash =>
  rootOf(leaves.reduce((frontier, leaf) => extend(frontier, hashLeaf(leaf)), emptyFrontier));
const logs = fc.array(fc.uint8Array({ maxLength: 4 }), { minLength: 1, maxLength: 70 });
/** A log with a place in it. */
const places = logs.chain((leaves) => fc.tuple(fc.constant(leaves), fc.nat({ max: leaves.length - 1 })));
/** A log with the size it once had, from 1. */
const histories = places.map(([leaves, index]) => [leaves, index + 1] as const);

function isSameLeaf(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
}

function inclusionOf(leaves: readonly Uint8Array[], index: number) {
  const proof = proveInclusion(subtreesOf(leaves.map(hashLeaf)), { index, size: leaves.length });
  const leafHash = hashLeaf(leaves[index] ?? new Uint8Array());
  return { claim: { leafHash, index, size: leaves.length, root: mth(leaves) }, proof };
}

function consistencyOf(leaves: readonly Uint8Array[], oldSize: number) {
  const proof = proveConsistency(subtreesOf(leaves.map(hashLeaf)), { oldSize, size: leaves.length });
  const oldRoot = mth(leaves.slice(0, oldSize));
  return { claim: { oldSize, oldRoot, size: leaves.length, root: mth(leaves) }, proof };
}

/** Every way to spoil a proof by one hash: one bit, one missing, one too many, two swapped. */
function spoiled(proof: readonly Hash[]): Hash[][] {
  const flipped = proof.map((hash, at) =>
    proof.map((other, index) =>
      index === at ? Uint8Array.from(hash, (b, i) => (i === 9 ? b ^ 1 : b)) : other,
    ),
  );
  const dropped = proof.map((_, at) => proof.filter((_, index) => index !== at));
  return [...flipped, ...dropped, [...proof, new Uint8Array(32)], [new Uint8Array(32), ...proof]];
}

test("no spoiled inclusion proof is believed", () => {
  fc.assert(
    fc.property(places, ([leaves, index]) => {
      const { claim, proof } = inclusionOf(leaves, index);
      for (const bad of spoiled(proof)) expect(verifyInclusion(claim, bad).kind).toBe("refuted");
    }),
    { numRuns: 40 },
  );
});

test("an inclusion proof is believed for no other place, entry or root", () => {
  fc.assert(
    fc.property(places, fc.nat({ max: 80 }), ([leaves, index], other) => {
      const { claim, proof } = inclusionOf(leaves, index);
      const forged = [
        { ...claim, leafHash: hashLeaf(Buffer.from("forged entry")) },
        { ...claim, root: sha256(Buffer.from("forged root")) },
        // Equal entries prove each other, and may.
        ...(isSameLeaf(leaves[other], leaves[index]) ? [] : [{ ...claim, index: other }]),
        { ...claim, index: -1 },
        { ...claim, index: index + 0.5 },
        { ...claim, index: claim.size },
      ];
      for (const claimed of forged) expect(verifyInclusion(claimed, proof).kind).toBe("refuted");
    }),
  );
});

test("an inner node cannot pass for an entry", () => {
  const leaves = [Buffer.from("a"), Buffer.from("b"), Buffer.from("c"), Buffer.from("d")];
  const [a, b, c, d] = leaves.map(hashLeaf);
  const node = Buffer.concat([a ?? Buffer.of(), b ?? Buffer.of()]);
  const proof = [sha256(Buffer.of(1), c ?? Buffer.of(), d ?? Buffer.of())];
  const claim = { leafHash: hashLeaf(node), index: 0, size: 2, root: mth(leaves) };
  expect(verifyInclusion(claim, proof)).toMatchObject({ kind: "refuted" });
});

test("no spoiled consistency proof is believed", () => {
  fc.assert(
    fc.property(histories, ([leaves, oldSize]) => {
      const { claim, proof } = consistencyOf(leaves, oldSize);
      for (const bad of spoiled(proof)) expect(verifyConsistency(claim, bad).kind).toBe("refuted");
    }),
    { numRuns: 40 },
  );
});

test("a log that was rewritten, cut or forked is not consistent with its past", () => {
  fc.assert(
    fc.property(histories, fc.nat(), ([leaves, oldSize], pick) => {
      const at = pick % oldSize;
      const rewritten = leaves.map((leaf, index) => (index === at ? Buffer.from("rewritten") : leaf));
      const { proof } = consistencyOf(rewritten, oldSize);
      const claim = {
        oldSize,
        oldRoot: mth(leaves.slice(0, oldSize)),
        size: leaves.length,
        root: mth(rewritten),
      };
      expect(verifyConsistency(claim, proof).kind).toBe("refuted");
    }),
  );
});

test("a smaller log cannot contain a larger one", () => {
  const { claim, proof } = consistencyOf([Buffer.from("a"), Buffer.from("b")], 1);
  expect(verifyConsistency({ ...claim, oldSize: 2, size: 1 }, proof)).toMatchObject({ kind: "refuted" });
  expect(verifyConsistency({ ...claim, size: 2 ** 60 }, proof)).toMatchObject({ kind: "refuted" });
});

test("two logs of the same size with different roots are not consistent", () => {
  const claim = { oldSize: 3, oldRoot: sha256(Buffer.of(1)), size: 3, root: sha256(Buffer.of(2)) };
  expect(verifyConsistency(claim, [])).toEqual({
    kind: "refuted",
    why: "two logs of the same size have different roots",
  });
});

test("proofs are only made for places that exist", () => {
  const subtree = subtreesOf([hashLeaf(Buffer.of(1)), hashLeaf(Buffer.of(2))]);
  expect(() => proveInclusion(subtree, { index: 2, size: 2 })).toThrow(RangeError);
  expect(() => proveInclusion(subtree, { index: -1, size: 2 })).toThrow(RangeError);
  expect(() => proveInclusion(subtree, { index: 0, size: 3 })).toThrow(RangeError);
  expect(() => proveConsistency(subtree, { oldSize: 3, size: 2 })).toThrow(RangeError);
});

test("roots are those that the Certificate Transparency project publishes", () => {
  const leaves = vectors.leaves.map((leaf) => Buffer.from(leaf, "hex"));
  for (const [size, root] of vectors.roots.entries()) {
    expect(hex(rootOver(leaves.slice(0, size)))).toBe(root);
    expect(hex(mth(leaves.slice(0, size)))).toBe(root);
  }
});

test("the proofs of the seven-leaf tree are those drawn in RFC 6962 section 2.1.3", () => {
  const d = vectors.leaves.slice(0, 7).map((leaf) => Buffer.from(leaf, "hex"));
  const subtree = subtreesOf(d.map(hashLeaf));
  const of = (from: number, to: number): string => hex(mth(d.slice(from, to)));
  const [b, c, dd, f, j] = [1, 2, 3, 5, 6].map((at) => of(at, at + 1));
  const [g, h, i, k, l] = [of(0, 2), of(2, 4), of(4, 6), of(0, 4), of(4, 7)];
  const inclusion = (index: number): string[] => hexes(proveInclusion(subtree, { index, size: 7 }));
  expect(inclusion(0)).toEqual([b, h, l]);
  expect(inclusion(3)).toEqual([c, g, l]);
  expect(inclusion(4)).toEqual([f, j, k]);
  expect(inclusion(6)).toEqual([i, k]);
  const consistency = (oldSize: number): string[] => hexes(proveConsistency(subtree, { oldSize, size: 7 }));
  expect(consistency(3)).toEqual([c, dd, g, l]);
  expect(consistency(4)).toEqual([l]);
  expect(consistency(6)).toEqual([i, j, k]);
});

test("appending one by one gives the root of the definition, and never changes a frontier in place", () => {
  fc.assert(
    fc.property(logs, (leaves) => {
      let frontier = emptyFrontier;
      for (const [index, leaf] of leaves.entries()) {
        const before = { size: frontier.size, hashes: hexes(frontier.hashes) };
        const after = extend(frontier, hashLeaf(leaf));
        expect({ size: frontier.size, hashes: hexes(frontier.hashes) }).toEqual(before);
        expect(hex(rootOf(after))).toBe(hex(mth(leaves.slice(0, index + 1))));
        frontier = after;
      }
    }),
    { numRuns: 40 },
  );
});

test("every entry of every log has a proof, equal to the definition's, that is believed", () => {
  fc.assert(
    fc.property(places, ([leaves, index]) => {
      const { claim, proof } = inclusionOf(leaves, index);
      expect(hexes(proof)).toEqual(hexes(path(index, leaves)));
      expect(verifyInclusion(claim, proof)).toEqual({ kind: "proven" });
    }),
  );
});

test("every past of every log has a proof, equal to the definition's, that is believed", () => {
  fc.assert(
    fc.property(histories, ([leaves, oldSize]) => {
      const { claim, proof } = consistencyOf(leaves, oldSize);
      expect(hexes(proof)).toEqual(hexes(subproof(oldSize, leaves, true)));
      expect(verifyConsistency(claim, proof)).toEqual({ kind: "proven" });
    }),
  );
});
