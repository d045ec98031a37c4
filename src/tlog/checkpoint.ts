import { parseTreeSize } from "./add-checkpoint.ts";
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

/**
 * The same for a log that need not be ours: several keys may sign it while one is replaced, and lines may follow the
 * root. Nobody believes those lines; a cosignature covers them all the same.
 */
export function verifyForeignCheckpoint(
  note: string,
  verifiers: readonly Verifier[],
): CheckpointVerification {
  const verification = verifyNote(note, verifiers);
  if (verification.kind === "refused") return verification;
  const checkpoint = parseForeignText(verification.text);
  if (checkpoint !== undefined && verifiers.every(({ name }) => name === checkpoint.origin)) {
    return { kind: "verified", checkpoint };
  }
  return { kind: "refused", why: "it is signed, but not a checkpoint of this log" };
}

/** What a note of any log claims, signature unchecked. */
export function parseForeignCheckpoint(note: string): Checkpoint | undefined {
  const parsed = parseNote(note);
  return parsed === undefined ? undefined : parseForeignText(parsed.text);
}

function parseForeignText(text: string): Checkpoint | undefined {
  const [origin, size, root, ...rest] = text.split("\n");
  const isWhole = rest.at(-1) === "" && rest.slice(0, -1).every((line) => line !== "");
  return isWhole ? parseCheckpointText(`${origin}\n${size}\n${root}\n`) : undefined;
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
  if (end !== "" || more.length > 0) return undefined;
  const size = parseTreeSize(digits);
  const root = decodeBase64(encoded);
  if (size === undefined || root?.length !== 32) return undefined;
  return { origin, size, root };
}

/**
 * A checkpoint's note without what others added: its text, and the signature lines of keys named after its origin, which is how a
 * log names its keys (https://c2sp.org/tlog-checkpoint). In what order lines stand says nothing (https://c2sp.org/signed-note).
 * Signatures are unchecked; `undefined` for what is no checkpoint, or has no line of its log.
 */
export function ownNote(note: string): string | undefined {
  const checkpoint = parseCheckpoint(note);
  if (checkpoint === undefined) return undefined;
  const border = note.lastIndexOf("\n\n") + 2;
  const lines = note.slice(border, -1).split("\n");
  const own = lines.filter((line) => line.startsWith(`— ${checkpoint.origin} `));
  return own.length === 0 ? undefined : `${note.slice(0, border)}${own.join("\n")}\n`;
}
