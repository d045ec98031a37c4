/**
 * The tree over the log: hashes, roots, proofs, signed checkpoints, as RFC 6962 and C2SP have them. Pure, over
 * node:crypto only. It never signs by itself, never keeps anything, and believes nothing it has not checked.
 */
export {
  type Checkpoint,
  type CheckpointVerification,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from "./checkpoint.ts";
export { emptyFrontier, extend, type Frontier, rootOf } from "./frontier.ts";
export { type Hash, hashLeaf, isSameHash } from "./hash.ts";
export { type NoteSigner, parseVerifierKey, type Verifier } from "./note.ts";
export {
  type ConsistencyClaim,
  type InclusionClaim,
  type ProofCheck,
  proveConsistency,
  proveInclusion,
  type SubtreeRoot,
  subtreesOf,
  verifyConsistency,
  verifyInclusion,
} from "./proof.ts";
