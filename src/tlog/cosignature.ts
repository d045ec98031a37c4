import { verify } from "node:crypto";
import {
  keyTypes,
  type NoteSignature,
  type NoteSigner,
  parseKeyOfType,
  parseNote,
  signatureLine,
  type Verifier,
} from "./note.ts";

// C2SP tlog-cosignature (https://c2sp.org/tlog-cosignature), its Ed25519 type: a witness says when it saw this checkpoint
// as the newest of a log that has only grown.

/** Somebody whose cosignatures count; `name+hex(key id)+base64(0x04 ‖ public key)`. */
export type Cosigner = Verifier & { readonly role: "cosigner" };

/** One that was found to be right. */
export interface Cosignature {
  /** Whose key it was checked with: the very one of those that count, since several may share a name. */
  readonly cosigner: Cosigner;
  readonly name: string;
  /** When the cosigner says it saw the checkpoint; whole seconds. */
  readonly at: Date;
  /** The signature line with its newline, as it stands below a note. */
  readonly line: string;
}

export type CosignatureFinding =
  | { readonly kind: "found"; readonly cosignatures: readonly Cosignature[] }
  | { readonly kind: "refused"; readonly why: string };

/** Seconds, 64 bits, before the 64 bytes of the signature. */
const timeBytes = 8;
const cosignatureBytes = timeBytes + 64;
/** Beyond it a `Date` is no date. */
const secondsMax = 8_640_000_000_000n;

/** Returns `undefined` for anything but an Ed25519 cosigner's verifier key whose key id fits its name and key. */
export function parseCosignerKey(text: string): Cosigner | undefined {
  const key = parseKeyOfType(text, keyTypes.ed25519Cosignature);
  return key && { ...key, role: "cosigner" };
}

/** The cosignature line for the text of a note. Throws `RangeError` where it is no note, or the signer no cosigner. */
export function cosign(note: string, signer: NoteSigner, at: Date): string {
  const cosigner = parseCosignerKey(signer.verifierKey);
  const text = parseNote(note)?.text;
  if (cosigner === undefined || text === undefined) throw new RangeError("a cosigner cosigns notes");
  const seconds = BigInt(Math.floor(at.getTime() / 1000));
  const time = Buffer.alloc(timeBytes);
  time.writeBigUInt64BE(seconds);
  const bytes = Buffer.concat([time, signer.sign(signedMessage(seconds, text))]);
  return signatureLine({ name: cosigner.name, keyId: cosigner.keyId, bytes });
}

/**
 * The cosignatures below a note by those who count, one or none of each: of several the newest. A wrong one under a known
 * key spoils the note, as for any signature; those of others are passed over.
 */
export function findCosignatures(note: string, cosigners: readonly Cosigner[]): CosignatureFinding {
  const parsed = parseNote(note);
  if (parsed === undefined) return { kind: "refused", why: "it is not a signed note" };
  const newest = new Map<Cosigner, Cosignature>();
  for (const signature of parsed.signatures) {
    const { name, keyId } = signature;
    // A key id is four bytes of a digest: somebody can make another key with the same.
    const known = cosigners.filter((each) => each.name === name && each.keyId === keyId);
    if (known.length === 0) continue;
    const found = known.flatMap((cosigner) => cosignatureOf(parsed.text, signature, cosigner) ?? [])[0];
    if (found === undefined) return { kind: "refused", why: `the cosignature of ${name} is wrong` };
    const before = newest.get(found.cosigner);
    if (before === undefined || before.at < found.at) newest.set(found.cosigner, found);
  }
  return { kind: "found", cosignatures: [...newest.values()] };
}

function cosignatureOf(text: string, signature: NoteSignature, cosigner: Cosigner): Cosignature | undefined {
  const at = verifiedTime(text, signature.bytes, cosigner);
  return at && { cosigner, name: cosigner.name, at, line: signatureLine(signature) };
}

function verifiedTime(text: string, bytes: Uint8Array, { key }: Cosigner): Date | undefined {
  if (bytes.byteLength !== cosignatureBytes) return undefined;
  const seconds = Buffer.from(bytes).readBigUInt64BE();
  if (seconds > secondsMax) return undefined;
  const isRight = verify(null, signedMessage(seconds, text), key, bytes.subarray(timeBytes));
  return isRight ? new Date(Number(seconds) * 1000) : undefined;
}

/** The first line keeps a cosignature from passing for a log's own signature, and the other way round. */
function signedMessage(seconds: bigint, text: string): Uint8Array {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`, "utf8");
}
