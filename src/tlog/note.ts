import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";

// C2SP signed-note (https://c2sp.org/signed-note): a text, a blank line, and signature lines.

/** Signs notes. `verifierKey` says under which name and key id; see `parseVerifierKey`. */
export interface NoteSigner {
  readonly verifierKey: string;
  /** Ed25519 over the bytes, 64 bytes. */
  sign(text: Uint8Array): Uint8Array;
}

/** A parsed verifier key, `name+hex(key id)+base64(0x01 ‖ public key)`. */
export interface Verifier {
  readonly name: string;
  /** 4 bytes, hex. */
  readonly keyId: string;
  readonly key: KeyObject;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

/** Taken apart, nothing believed yet. `text` includes its last newline, as it was signed. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export type NoteVerification =
  | { readonly kind: "verified"; readonly text: string; readonly names: readonly string[] }
  | { readonly kind: "refused"; readonly why: string };

/** What a key signs, and how: part of its id, so that a key of one kind never passes for another's. */
export const keyTypes = { ed25519: 0x01, ed25519Cosignature: 0x04 } as const;
export type KeyType = (typeof keyTypes)[keyof typeof keyTypes];
const keyIdBytes = 4;
/** A verifier must take at least 16 signatures; a hundred is a flood. */
const signaturesMax = 100;
/** A checkpoint has about 250 bytes, and 3 KiB for each post-quantum cosignature. */
const noteCharactersMax = 512 * 1024;
/** DER of a SubjectPublicKeyInfo up to the 32 key bytes (RFC 8410 section 4). */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** Returns `undefined` for anything but an Ed25519 verifier key whose key id fits its name and key. */
export function parseVerifierKey(text: string): Verifier | undefined {
  return parseKeyOfType(text, keyTypes.ed25519);
}

/** The same of a key of another type; all types here have Ed25519 keys. */
export function parseKeyOfType(text: string, type: KeyType): Verifier | undefined {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text);
  const [, name, keyId, encoded] = match ?? [];
  if (name === undefined || keyId === undefined || encoded === undefined || !isKeyName(name))
    return undefined;
  const key = decodeBase64(encoded);
  if (key?.length !== 33 || key[0] !== type || keyIdOf(name, key) !== keyId) return undefined;
  const der = Buffer.concat([spkiPrefix, key.subarray(1)]);
  return { name, keyId, key: createPublicKey({ key: der, format: "der", type: "spki" }) };
}

/** First 4 bytes of `SHA-256(name ‖ 0x0A ‖ type ‖ public key)`, hex; `key` begins with its type. */
function keyIdOf(name: string, key: Uint8Array): string {
  return createHash("sha256")
    .update(`${name}\n`)
    .update(key)
    .digest("hex")
    .slice(0, keyIdBytes * 2);
}

/** Throws `RangeError` when the text cannot be a note's: a programmer's mistake, since we write the text. */
export function signNote(text: string, signer: NoteSigner): string {
  const verifier = parseVerifierKey(signer.verifierKey);
  if (verifier === undefined) throw new RangeError("the signer has no valid verifier key");
  if (!isNoteText(text)) throw new RangeError("a note's text is lines without control characters");
  const signature = signer.sign(Buffer.from(text, "utf8"));
  return `${text}\n${signatureLine({ name: verifier.name, keyId: verifier.keyId, bytes: signature })}`;
}

/** One line, with its newline. */
export function signatureLine({ name, keyId, bytes }: NoteSignature): string {
  return `— ${name} ${Buffer.concat([Buffer.from(keyId, "hex"), bytes]).toString("base64")}\n`;
}

/** `undefined` when it is not a note to the letter: lenient parsers let one file say two things. */
export function parseNote(note: string): Note | undefined {
  if (note.length > noteCharactersMax) return undefined;
  // The text may contain blank lines, the signatures cannot: the last blank line is the border.
  const border = note.lastIndexOf("\n\n");
  if (border < 0 || !note.endsWith("\n")) return undefined;
  const text = note.slice(0, border + 1);
  const lines = note.slice(border + 2, -1).split("\n");
  if (!isNoteText(text) || lines.length > signaturesMax) return undefined;
  const signatures = lines.map(parseSignatureLine);
  return signatures.every((signature) => signature !== undefined) ? { text, signatures } : undefined;
}

function parseSignatureLine(line: string): NoteSignature | undefined {
  const [, name, encoded] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
  if (name === undefined || encoded === undefined || !isKeyName(name)) return undefined;
  const bytes = decodeBase64(encoded);
  if (bytes === undefined || bytes.length <= keyIdBytes) return undefined;
  return { name, keyId: bytes.toString("hex", 0, keyIdBytes), bytes: bytes.subarray(keyIdBytes) };
}

/**
 * Believes a note only if at least one known key signed it and none of its known keys failed. Signatures of unknown
 * keys are ignored: anybody may add some.
 */
export function verifyNote(text: string, verifiers: readonly Verifier[]): NoteVerification {
  const note = parseNote(text);
  if (note === undefined) return { kind: "refused", why: "it is not a signed note" };
  const names: string[] = [];
  for (const signature of note.signatures) {
    const known = verifiers.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId);
    if (known === undefined) continue;
    if (!verify(null, Buffer.from(note.text, "utf8"), known.key, signature.bytes)) {
      return { kind: "refused", why: `the signature of ${known.name} is wrong` };
    }
    names.push(known.name);
  }
  if (names.length > 0) return { kind: "verified", text: note.text, names };
  return { kind: "refused", why: "no known key has signed it" };
}

/** Names are not empty and contain neither white space nor `+`. */
function isKeyName(name: string): boolean {
  return /^[^\s+\p{Cc}]+$/u.test(name) && name.isWellFormed();
}

/** Whole lines of well-formed Unicode without control characters other than the newline. */
function isNoteText(text: string): boolean {
  return text.endsWith("\n") && text.isWellFormed() && !/[^\P{Cc}\n]/u.test(text);
}

/** Standard alphabet, padded, one spelling only. */
export function decodeBase64(encoded: string): Buffer | undefined {
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64") === encoded ? bytes : undefined;
}
