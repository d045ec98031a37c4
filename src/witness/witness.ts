import type { Clock } from "#lib/clock";
import {
  type AddCheckpoint,
  type Checkpoint,
  cosign,
  emptyRoot,
  isSameHash,
  type NoteSigner,
  type ProofCheck,
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
  /** A log signed what contradicts what it signed before. */
  readonly onContradiction: (origin: string, why: string) => void;
}

export interface Witness {
  /** Check, store and cosign in one step: nothing else runs between them. Throws what its folder throws. */
  addCheckpoint(body: string): WitnessAnswer;
}

/** Refused before a checkpoint is known, in the words of the specification. */
const refuse = (status: 400 | 403 | 404 | 422, why: string): WitnessAnswer => ({ status, why });

export function openWitness(parts: WitnessParts): Witness {
  const byOrigin = Map.groupBy(parts.logs, ({ name }) => name);
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
      if (answer.status === 422) {
        parts.folder.keepEvidence(claimed.origin, body);
        parts.onContradiction(claimed.origin, answer.why);
      }
      return answer;
    },
  };
}

function judge(parts: WitnessParts, asked: AddCheckpoint, next: Checkpoint): WitnessAnswer {
  const seen = parts.folder.newest(next.origin);
  const known = seen && parseForeignCheckpoint(seen.note);
  const size = known?.size ?? 0;
  if (asked.oldSize !== size) return { status: 409, size };
  const check = consistency(known, next, asked);
  if (check.kind === "refuted") return refuse(422, check.why);
  return remember(parts, asked, { seen, known, next });
}

function consistency(known: Checkpoint | undefined, next: Checkpoint, asked: AddCheckpoint): ProofCheck {
  // The proof says nothing about an empty tree: it has one root.
  if (next.size === 0 && !isSameHash(next.root, emptyRoot())) {
    return { kind: "refuted", why: "an empty log has another root" };
  }
  const old = { oldSize: asked.oldSize, oldRoot: known?.root ?? emptyRoot() };
  return verifyConsistency({ ...old, size: next.size, root: next.root }, asked.proof);
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
