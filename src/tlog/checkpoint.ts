import type { Hash } from "./hash.ts";
import { decodeBase64, type NoteSigner, parseNote, signNote, type Verifier, verifyNote } from "./note.ts";

/** The log's state (https://c2sp.org/tlog-checkpoint): which log, how many entries, and the root over them. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

export type CheckpointVerification =
  | { readonly kind: "verified"; readonly checkpoint: Checkpoint }
  | { readonly kind: "refused"; readonly why: string };

export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  return signNote(formatCheckpoint(checkpoint), signer);
}

/** The checkpoint in a signed note, once the log's own key has been found to have signed it. */
export function verifyCheckpoint(note: string, verifier: Verifier): CheckpointVerification {
  const verification = verifyNote(note, [verifier]);
  if (verification.kind === "refused") return verification;
  const checkpoint = parseCheckpointText(verification.text);
  if (checkpoint === undefined) return { kind: "refused", why: "it is signed, but not a checkpoint" };
  // A key that signs for several logs must not let one log's checkpoint pass for another's.
  if (checkpoint.origin !== verifier.name) {
    return { kind: "refused", why: `it belongs to the log ${checkpoint.origin}, not to ${verifier.name}` };
  }
  return { kind: "verified", checkpoint };
}

/** What a note claims, signature unchecked. */
export function parseCheckpoint(note: string): Checkpoint | undefined {
  const parsed = parseNote(note);
  return parsed === undefined ? undefined : parseCheckpointText(parsed.text);
}

function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
}

/** Three lines to the letter. Extension lines are allowed by the specification and refused by us: nobody checks them. */
function parseCheckpointText(text: string): Checkpoint | undefined {
  const [origin, digits, encoded, end, ...more] = text.split("\n");
  if (origin === undefined || origin === "" || digits === undefined || encoded === undefined)
    return undefined;
  if (end !== "" || more.length > 0 || !/^(0|[1-9][0-9]{0,15})$/.test(digits)) return undefined;
  const size = Number(digits);
  const root = decodeBase64(encoded);
  if (!Number.isSafeInteger(size) || root?.length !== 32) return undefined;
  return { origin, size, root };
}
