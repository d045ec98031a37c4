import { type Checkpoint, verifyCheckpoint } from "./checkpoint.ts";
import { type Hash, hashLeaf } from "./hash.ts";
import { decodeBase64, type Verifier } from "./note.ts";
import { verifyInclusion } from "./proof.ts";

// C2SP tlog-proof (https://c2sp.org/tlog-proof): one entry's inclusion, with the checkpoint, in one text. The entry itself
// travels in `extra`, so that nothing else is needed but the verifier key.

/** Taken apart, nothing believed yet. */
export interface ProofFile {
  /** The entry's exact bytes. */
  readonly leaf: Uint8Array;
  readonly index: number;
  /** From the leaf's sibling up. */
  readonly hashes: readonly Hash[];
  /** The signed note as it was published. */
  readonly checkpoint: string;
}

export type ProofFileVerification =
  | {
      readonly kind: "verified";
      readonly checkpoint: Checkpoint;
      readonly index: number;
      readonly leaf: Uint8Array;
    }
  | { readonly kind: "refused"; readonly why: string };

const firstLine = "c2sp.org/tlog-proof@v1";
/** A tree of 2^53 leaves is 53 nodes high. */
const hashesMax = 53;

export function formatProofFile({ leaf, index, hashes, checkpoint }: ProofFile): string {
  const lines = [firstLine, `extra ${base64(leaf)}`, `index ${index}`, ...hashes.map(base64), "", checkpoint];
  return lines.join("\n");
}

/** `undefined` for anything but what `formatProofFile` makes. */
export function parseProofFile(text: string): ProofFile | undefined {
  const border = text.indexOf("\n\n");
  if (border < 0) return undefined;
  const [first, extra, position, ...encoded] = text.slice(0, border).split("\n");
  const leaf = decodeBase64(/^extra (\S+)$/.exec(extra ?? "")?.[1] ?? "");
  const digits = /^index (0|[1-9][0-9]{0,15})$/.exec(position ?? "")?.[1];
  if (first !== firstLine || leaf === undefined || digits === undefined) return undefined;
  const hashes = encoded.slice(0, hashesMax + 1).map(decodeBase64);
  const isWhole = hashes.every((hash) => hash !== undefined && hash.length === 32);
  if (!isWhole || leaf.length === 0 || hashes.length > hashesMax) return undefined;
  return {
    leaf,
    index: Number(digits),
    hashes: hashes.flatMap((hash) => (hash === undefined ? [] : [hash])),
    checkpoint: text.slice(border + 2),
  };
}

/** Needs nothing but the log's key: the checkpoint is signed, and the entry is under its root. */
export function verifyProofFile(text: string, verifier: Verifier): ProofFileVerification {
  const proof = parseProofFile(text);
  if (proof === undefined) return { kind: "refused", why: "this is not a proof file with its entry in it" };
  const signed = verifyCheckpoint(proof.checkpoint, verifier);
  if (signed.kind === "refused") return { kind: "refused", why: `its checkpoint: ${signed.why}` };
  const { checkpoint } = signed;
  const claim = { ...checkpoint, index: proof.index, leafHash: hashLeaf(proof.leaf) };
  const check = verifyInclusion(claim, proof.hashes);
  if (check.kind === "refuted") return { kind: "refused", why: check.why };
  return { kind: "verified", checkpoint, index: proof.index, leaf: proof.leaf };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
