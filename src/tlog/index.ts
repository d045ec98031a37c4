/**
 * The tree over the log: hashes, roots, proofs, signed checkpoints, as RFC 6962 and C2SP have them. Pure, over
 * node:crypto only. It never signs by itself, never keeps anything, and believes nothing it has not checked.
 */
export {
  type AddCheckpoint,
  formatAddCheckpoint,
  parseAddCheckpoint,
  parseTreeSize,
} from "./add-checkpoint.ts";
export { decodeBundle, decodeHashes, encodeBundle, encodeHashes, tileBytesMax } from "./bundle.ts";
export {
  type Checkpoint,
  type CheckpointVerification,
  ownNote,
  parseCheckpoint,
  parseForeignCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
  verifyForeignCheckpoint,
} from "./checkpoint.ts";
export {
  type Cosignature,
  type CosignatureFinding,
  type Cosigner,
  cosign,
  findCosignatures,
  parseCosignerKey,
} from "./cosignature.ts";
export { emptyFrontier, extend, type Frontier, rootOf } from "./frontier.ts";
export { emptyRoot, type Hash, hashLeaf, isSameHash } from "./hash.ts";
export { decodeBase64, type NoteSigner, parseNote, parseVerifierKey, type Verifier } from "./note.ts";
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
export {
  formatProofFile,
  type ProofFile,
  type ProofFileVerification,
  parseProofFile,
  verifyProofFile,
} from "./proof-file.ts";
export { entriesUnder, parseTilePath, type Tile, tilePath, tilesOf, tileWidth } from "./tile.ts";
export { type TileProver, tileProver } from "./tile-prover.ts";
export { subtreesOfTiles, type TilePlace, TileTree, tilesNeeded } from "./tile-tree.ts";
export { type TileSource, type TilesOptions, type TilesVerification, verifyTiles } from "./verify-tiles.ts";
