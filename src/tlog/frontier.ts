import { emptyRoot, type Hash, hashNode } from "./hash.ts";

/**
 * All that is needed of a tree to append to it and to know its root: the roots of the full subtrees it consists of,
 * largest first, one for each 1 in the binary form of `size`. At most 53 hashes.
 */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Hash[];
}

export const emptyFrontier: Frontier = { size: 0, hashes: [] };

/** The tree with one more leaf. Each trailing 1 of the old size is a subtree that has found its right-hand twin. */
export function extend(frontier: Frontier, leafHash: Hash): Frontier {
  const hashes = [...frontier.hashes];
  let right = leafHash;
  for (let rest = frontier.size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = hashes.pop();
    if (left === undefined) throw new RangeError("a frontier has one hash for each 1 of its size");
    right = hashNode(left, right);
  }
  hashes.push(right);
  return { size: frontier.size + 1, hashes };
}

/** The Merkle tree hash (RFC 6962 section 2.1) of everything appended so far. */
export function rootOf({ hashes }: Frontier): Hash {
  const smallest = hashes.at(-1);
  if (smallest === undefined) return emptyRoot();
  return hashes.slice(0, -1).reduceRight((right, left) => hashNode(left, right), smallest);
}
