import { limits } from "#lib/limits";
import { type Checkpoint, parseProofFile, type Verifier, verifyProofFile } from "#tlog";
import { type Leaf, parseLeaf } from "./leaf.ts";

// Proofs of a session's entries in one text, all under one checkpoint. Between two lines that begin with `== ` stands a C2SP
// tlog-proof, byte for byte, so that whoever cuts it out needs nothing of ours. docs/audit-log.md has the form.

export interface SessionProof {
  readonly session: string;
  /** In order of index. */
  readonly proofs: readonly { readonly index: number; readonly proof: string }[];
}

/** An entry that is proven, and of the session. */
export interface ProvenEntry {
  readonly index: number;
  readonly leaf: Leaf;
  /** The exact bytes that were hashed, as text. */
  readonly text: string;
}

export type SessionProofVerification =
  | {
      readonly kind: "verified";
      readonly checkpoint: Checkpoint;
      readonly session: string;
      readonly entries: readonly ProvenEntry[];
    }
  | { readonly kind: "refused"; readonly why: string };

const firstLine = "gatehouse session-proof v1";
const end = "end\n";
const head = /^gatehouse session-proof v1\nsession (ses_[A-Za-z0-9]{1,64})\nentries ([1-9]\d{0,8})\n/;

export function formatSessionProof({ session, proofs }: SessionProof): string {
  const parts = proofs.map(({ index, proof }) => `== entry ${index}\n${proof}`);
  return `${firstLine}\nsession ${session}\nentries ${proofs.length}\n${parts.join("")}== ${end}`;
}

/** Whether somebody meant it to be one; not whether it is. */
export function isSessionProof(text: string): boolean {
  return text.startsWith(firstLine);
}

/**
 * Needs nothing but the log's key. Proves that these entries are in the log under one checkpoint, and are the session's; not that
 * there are no others: whoever made the file chose what to put into it.
 */
export function verifySessionProof(text: string, verifier: Verifier): SessionProofVerification {
  const [all = "", session = "", count = ""] = head.exec(text) ?? [];
  if (all === "") return refused("this is not a session's proof, or not of this version");
  if (Number(count) > limits.sessionProofEntriesMax)
    return refused("it is of more entries than a session's proof may be");
  const [before, ...parts] = text.slice(all.length).split(/^== /m);
  if (before !== "" || parts.pop() !== end) return refused("it breaks off, or goes on after its end");
  if (parts.length !== Number(count))
    return refused(`it is of ${count} entries, and has proofs of ${parts.length}`);
  return verifyParts(parts, { session, verifier });
}

interface Expected {
  readonly session: string;
  readonly verifier: Verifier;
}

function verifyParts(parts: readonly string[], expected: Expected): SessionProofVerification {
  const entries: ProvenEntry[] = [];
  let found: { readonly checkpoint: Checkpoint; readonly note: string } | undefined;
  for (const part of parts) {
    const proven = verifyPart(part, expected);
    if (proven.kind === "refused") return proven;
    const { entry, checkpoint, note } = proven;
    found ??= { checkpoint, note };
    if (note !== found.note)
      return refused(`entry ${entry.index} is under another checkpoint than the ones before`);
    const last = entries.at(-1)?.index ?? -1;
    if (entry.index <= last)
      return refused(`entry ${entry.index} comes after entry ${last}: twice, or out of order`);
    entries.push(entry);
  }
  if (found === undefined) return refused("it has no entry");
  return { kind: "verified", checkpoint: found.checkpoint, session: expected.session, entries };
}

type PartVerification =
  | {
      readonly kind: "verified";
      readonly entry: ProvenEntry;
      readonly checkpoint: Checkpoint;
      /** The signed note, to the byte. */
      readonly note: string;
    }
  | { readonly kind: "refused"; readonly why: string };

function verifyPart(part: string, { session, verifier }: Expected): PartVerification {
  const [line = "", named = ""] = /^entry (0|[1-9]\d{0,15})\n/.exec(part) ?? [];
  if (line === "") return refused("a proof in it does not say of which entry it is");
  const proof = part.slice(line.length);
  const verified = verifyProofFile(proof, verifier);
  if (verified.kind === "refused") return refused(`entry ${named}: ${verified.why}`);
  const { index, checkpoint } = verified;
  if (String(index) !== named) return refused(`what is called entry ${named} is a proof of entry ${index}`);
  const leaf = parseLeaf(verified.leaf);
  if (leaf?.session !== session) return refused(`entry ${named} is not of ${session}`);
  const entry = { index, leaf, text: Buffer.from(verified.leaf).toString("utf8") };
  return { kind: "verified", entry, checkpoint, note: parseProofFile(proof)?.checkpoint ?? "" };
}

function refused(why: string): { readonly kind: "refused"; readonly why: string } {
  return { kind: "refused", why };
}
