import type { Clock } from "#lib/clock";
import {
  type AddCheckpoint,
  type Checkpoint,
  cosign,
  emptyRoot,
  isSameHash,
  type NoteSigner,
  parseAddCheckpoint,
  parseForeignCheckpoint,
  type Verifier,
  verifyConsistency,
  verifyForeignCheckpoint,
} from "#tlog";
import type { Seen, WitnessFolder } from "./witness-folder.ts";

/** What `add-checkpoint` is answered with; statuses as https://c2sp.org/tlog-witness has them. */
export type WitnessAnswer =
  | { readonly status: 200 /** Signature lines. */; readonly lines: string }
  /** The size that the witness knows. */
  | { readonly status: 409; readonly size: number }
  | { readonly status: 400 | 403 | 404 | 422; readonly why: string };

export interface WitnessParts {
  /** The cosigner key, type 0x04. */
  readonly signer: NoteSigner;
  /** Keys of the logs that it watches; one log may have several. */
  readonly logs: readonly Verifier[];
  readonly folder: WitnessFolder;
  readonly clock: Clock;
  /** A log signed what contradicts what it signed before; told once of each such checkpoint. */
  readonly onContradiction: (origin: string, why: string) => void;
  /**
   * A request whose proof does not lead to a checkpoint that the log did sign. Checkpoints are public, so anybody can send
   * one with a proof of their own making: this says nothing of the log. `count` is of this log since the start.
   */
  readonly onProofRefused: (origin: string, count: number) => void;
}

export interface Witness {
  /** Check, store and cosign in one step: nothing else runs between them. Throws what its folder throws. */
  addCheckpoint(body: string): WitnessAnswer;
}

/** Refused before a checkpoint is known, in the words of the specification. */
const refuse = (status: 400 | 403 | 404 | 422, why: string): WitnessAnswer => ({ status, why });

export function openWitness(parts: WitnessParts): Witness {
  const byOrigin = Map.groupBy(parts.logs, ({ name }) => name);
  const proofsRefused = new Map<string, number>();
  return {
    addCheckpoint(body) {
      const asked = parseAddCheckpoint(body);
      const claimed = asked && parseForeignCheckpoint(asked.checkpoint);
      if (asked === undefined || claimed === undefined)
        return refuse(400, "this is no add-checkpoint request");
      const verifiers = byOrigin.get(claimed.origin);
      if (verifiers === undefined) return refuse(404, "this log is not watched here");
      const verification = verifyForeignCheckpoint(asked.checkpoint, verifiers);
      if (verification.kind === "refused") return refuse(403, verification.why);
      if (asked.oldSize > claimed.size) return refuse(400, "the old size is beyond the new one");
      const answer = judge(parts, asked, verification.checkpoint);
      if (answer !== undefined) return answer;
      const count = (proofsRefused.get(claimed.origin) ?? 0) + 1;
      proofsRefused.set(claimed.origin, count);
      parts.onProofRefused(claimed.origin, count);
      return refuse(422, "the proof does not lead from the checkpoint seen last to this one");
    },
  };
}

/** `undefined` when the proof does not lead there. */
function judge(parts: WitnessParts, asked: AddCheckpoint, next: Checkpoint): WitnessAnswer | undefined {
  const seen = parts.folder.newest(next.origin);
  const known = seen && parseForeignCheckpoint(seen.note);
  const contradiction = contradictionOf(known, next);
  // Told whatever the requester says of the old size: what the log signed is no less signed for that.
  if (contradiction !== undefined) {
    const notes = { seen: seen?.note, refused: asked.checkpoint };
    if (parts.folder.keepEvidence(next.origin, notes)) parts.onContradiction(next.origin, contradiction);
  }
  const size = known?.size ?? 0;
  if (asked.oldSize !== size) return { status: 409, size };
  if (contradiction !== undefined) return refuse(422, contradiction);
  const old = { oldSize: asked.oldSize, oldRoot: known?.root ?? emptyRoot() };
  const check = verifyConsistency({ ...old, size: next.size, root: next.root }, asked.proof);
  if (check.kind === "refuted") return undefined;
  return remember(parts, asked, { seen, known, next });
}

/** What needs no proof to be certain, since the log's own key signed all of it. A proof is the word of whoever asks. */
function contradictionOf(known: Checkpoint | undefined, next: Checkpoint): string | undefined {
  if (next.size === 0 && !isSameHash(next.root, emptyRoot())) return "an empty log has another root";
  if (known?.size !== next.size || isSameHash(known.root, next.root)) return undefined;
  return "two logs of the same size have different roots";
}

interface Step {
  readonly seen: Seen | undefined;
  readonly known: Checkpoint | undefined;
  readonly next: Checkpoint;
}

/** The same checkpoint again is cosigned again, with the time of now: that shows that the log has not moved on. */
function remember(parts: WitnessParts, { checkpoint }: AddCheckpoint, step: Step): WitnessAnswer {
  const { folder, signer, clock } = parts;
  const { origin, size } = step.next;
  const isNew = step.known === undefined || step.known.size < size;
  if (isNew && !folder.advance(origin, step.seen, checkpoint)) {
    const faster = folder.newest(origin);
    return { status: 409, size: (faster && parseForeignCheckpoint(faster.note)?.size) ?? 0 };
  }
  return { status: 200, lines: cosign(checkpoint, signer, clock.now()) };
}
