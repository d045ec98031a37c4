import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { GatehouseError } from "#lib/errors";
import { readOrCreateKeyFile } from "#lib/key-file";

/**
 * Seals what must lie on the disk but be read by nobody: held requests. AES-256-GCM (NIST SP 800-38D) with a random
 * 96-bit nonce each; 2^32 seals under one key are safe, which is centuries of approvals.
 */
export interface SealingKey {
  /** Binds the associated data: what was sealed for one purpose does not open for another. */
  seal(plain: Uint8Array, associatedData: Uint8Array): Uint8Array;
  /** Throws `seal_broken` when the bytes, the associated data or the key are not those of the sealing. */
  open(sealed: Uint8Array, associatedData: Uint8Array): Uint8Array;
}

const prefix = "gatehouse-sealing-key/v1 ";
/** First byte of everything sealed, so that another algorithm can follow. */
const version = 0x01;
const nonceBytes = 12;
const tagBytes = 16;
const cipher = "aes-256-gcm";

/**
 * Reads the key from a 0600 file, or creates it. Without the file, requests held at that time cannot be run any more;
 * nothing else is lost. Throws `sealing_key_invalid`, `key_file_open_to_others`.
 */
export async function openSealingKey(path: string): Promise<SealingKey> {
  const key = parseKey(await readOrCreateKeyFile(path, createKey), path);
  return {
    seal: (plain, associatedData) => seal(key, plain, associatedData),
    open: (sealed, associatedData) => open(key, sealed, associatedData),
  };
}

function createKey(): string {
  return `${prefix}${randomBytes(32).toString("base64")}\n`;
}

function parseKey(text: string, path: string): KeyObject {
  const encoded = text.startsWith(prefix) ? text.slice(prefix.length).trim() : "";
  const bytes = Buffer.from(encoded, "base64");
  // Decoding is lenient; a file that lost a character must not become another key.
  if (bytes.length === 32 && bytes.toString("base64") === encoded) return createSecretKey(bytes);
  throw new GatehouseError(
    "sealing_key_invalid",
    `${path} does not hold a sealing key. Restore it, or remove it to get a new one: requests held now will then have to be asked for again.`,
  );
}

function seal(key: KeyObject, plain: Uint8Array, associatedData: Uint8Array): Uint8Array {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  sealing.setAAD(associatedData);
  const body = Buffer.concat([sealing.update(plain), sealing.final()]);
  return Buffer.concat([Uint8Array.of(version), nonce, body, sealing.getAuthTag()]);
}

function open(key: KeyObject, sealed: Uint8Array, associatedData: Uint8Array): Uint8Array {
  if (sealed[0] !== version || sealed.length < 1 + nonceBytes + tagBytes) throw broken();
  const opening = createDecipheriv(cipher, key, sealed.subarray(1, 1 + nonceBytes), {
    authTagLength: tagBytes,
  });
  opening.setAAD(associatedData);
  opening.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([opening.update(sealed.subarray(1 + nonceBytes, -tagBytes)), opening.final()]);
  } catch {
    throw broken();
  }
}

function broken(): GatehouseError {
  return new GatehouseError(
    "seal_broken",
    "A sealed request was changed, moved, or sealed with another key. It is not run; ask for it again.",
  );
}
