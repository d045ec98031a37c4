import { type Hash, hashNode, isSameHash } from "./hash.ts";

/**
 * Root of the leaves `[start, end)`, at least one of them. Proofs are made from this alone, so that the hashes may
 * come from memory now and from tiles later.
 */
export type SubtreeRoot = (start: number, end: number) => Hash;

/** What a proof showed. `why` is for people: which step failed. */
export type ProofCheck = { readonly kind: "proven" } | { readonly kind: "refuted"; readonly why: string };

const proven: ProofCheck = { kind: "proven" };
const refuted = (why: string): ProofCheck => ({ kind: "refuted", why });

/** Subtrees over leaf hashes held in memory. */
export function subtreesOf(leafHashes: readonly Hash[]): SubtreeRoot {
  const root = (start: number, end: number): Hash => {
    const only = leafHashes[start];
    if (only === undefined || end <= start || end > leafHashes.length) {
      throw new RangeError(`there are no leaves ${start} to ${end}`);
    }
    if (end - start === 1) return only;
    const middle = start + splitOf(end - start);
    return hashNode(root(start, middle), root(middle, end));
  };
  return root;
}

/** RFC 6962 section 2.1.1, PATH(index, D[size]): the hashes beside the way from the leaf to the root. */
export function proveInclusion(
  subtree: SubtreeRoot,
  { index, size }: { index: number; size: number },
): Hash[] {
  requirePosition(index, size - 1);
  const path: Hash[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      path.unshift(subtree(middle, end));
      end = middle;
    } else {
      path.unshift(subtree(start, middle));
      start = middle;
    }
  }
  return path;
}

/** RFC 6962 section 2.1.2, PROOF(oldSize, D[size]). Empty when the sizes are equal, or the old tree was empty. */
export function proveConsistency(
  subtree: SubtreeRoot,
  { oldSize, size }: { oldSize: number; size: number },
): Hash[] {
  requirePosition(oldSize, size);
  if (oldSize === 0 || oldSize === size) return [];
  const path: Hash[] = [];
  let start = 0;
  let end = size;
  // Invariant: start < oldSize <= end. A subtree that ends exactly at oldSize is known to the holder of the old tree.
  while (oldSize !== end) {
    const middle = start + splitOf(end - start);
    if (oldSize <= middle) {
      path.unshift(subtree(middle, end));
      end = middle;
    } else {
      path.unshift(subtree(start, middle));
      start = middle;
    }
  }
  // When it is the whole old tree, its root is what the verifier starts from, and need not be told.
  if (start > 0) path.unshift(subtree(start, end));
  return path;
}

export interface InclusionClaim {
  readonly leafHash: Hash;
  readonly index: number;
  readonly size: number;
  readonly root: Hash;
}

/** RFC 9162 section 2.1.3.2. */
export function verifyInclusion(claim: InclusionClaim, proof: readonly Hash[]): ProofCheck {
  if (!isPosition(claim.index) || !isPosition(claim.size) || claim.index >= claim.size) {
    return refuted(`entry ${claim.index} cannot be in a log of ${claim.size}`);
  }
  let fn = claim.index;
  let sn = claim.size - 1;
  let root = claim.leafHash;
  for (const hash of proof) {
    if (sn === 0) return refuted("the proof is too long");
    if (isOdd(fn) || fn === sn) {
      root = hashNode(hash, root);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      root = hashNode(root, hash);
    }
    fn = half(fn);
    sn = half(sn);
  }
  if (sn !== 0) return refuted("the proof is too short");
  return isSameHash(root, claim.root) ? proven : refuted("the proof leads to another root");
}

export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Hash;
  readonly size: number;
  readonly root: Hash;
}

/** RFC 9162 section 2.1.4.2: the old log is a prefix of the new one. */
export function verifyConsistency(claim: ConsistencyClaim, proof: readonly Hash[]): ProofCheck {
  const { oldSize, oldRoot, size, root } = claim;
  if (!isPosition(oldSize) || !isPosition(size) || oldSize > size) {
    return refuted(`a log of ${size} cannot contain one of ${oldSize}`);
  }
  if (oldSize === 0 || oldSize === size) return verifyTrivialConsistency(claim, proof);
  const isWholeSubtree = isPowerOfTwo(oldSize);
  const [first, ...rest] = isWholeSubtree ? [oldRoot, ...proof] : proof;
  if (first === undefined) return refuted("the proof is too short");
  let fn = oldSize - 1;
  let sn = size - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  let fr = first;
  let sr = first;
  for (const hash of rest) {
    if (sn === 0) return refuted("the proof is too long");
    if (isOdd(fn) || fn === sn) {
      fr = hashNode(hash, fr);
      sr = hashNode(hash, sr);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      sr = hashNode(sr, hash);
    }
    fn = half(fn);
    sn = half(sn);
  }
  if (sn !== 0) return refuted("the proof is too short");
  if (!isSameHash(fr, oldRoot)) return refuted("the proof does not lead to the old root");
  return isSameHash(sr, root) ? proven : refuted("the proof does not lead to the new root");
}

/** An empty log is a prefix of every log; logs of one size are consistent only if they are one. */
function verifyTrivialConsistency(
  { oldSize, oldRoot, root }: ConsistencyClaim,
  proof: readonly Hash[],
): ProofCheck {
  if (proof.length > 0) return refuted("the proof is too long");
  if (oldSize === 0 || isSameHash(oldRoot, root)) return proven;
  return refuted("two logs of the same size have different roots");
}

/** The largest power of two below `count`, which is at least 2 (RFC 6962 section 2.1). No bit operators: sizes pass 2^31. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

function isPowerOfTwo(count: number): boolean {
  return count === 1 || splitOf(count) * 2 === count;
}

function isOdd(number: number): boolean {
  return number % 2 === 1;
}

function half(number: number): number {
  return Math.floor(number / 2);
}

function isPosition(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

function requirePosition(number: number, max: number): void {
  if (!isPosition(number) || number > max) throw new RangeError(`${number} is not within 0 to ${max}`);
}
