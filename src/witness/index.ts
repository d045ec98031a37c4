/**
 * Who else has seen the log: a witness that cosigns what only grew, and the being witnessed of our own log.
 * It never cosigns two checkpoints that contradict each other, and never holds up the log for a witness that is away.
 * Trusted with the witness's key where it is one; for our own log with nothing, cosignatures are checked again by others.
 */
export type { CosignatureStore, StoredCosignature } from "./cosignature-store.ts";
export { type PostCheckpoint, postCheckpoint, type WitnessReply } from "./post-checkpoint.ts";
export { openWitness, type Witness, type WitnessAnswer, type WitnessParts } from "./witness.ts";
export { WitnessFolder } from "./witness-folder.ts";
export { serveWitness, type WitnessServer } from "./witness-server.ts";
export {
  type NamedWitness,
  openWitnessing,
  type WitnessedLog,
  type Witnessing,
  type WitnessingParts,
  type WitnessStatus,
} from "./witnessing.ts";
