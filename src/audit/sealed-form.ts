import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from "node:crypto";

// The sealed form of an attachment, version 1; docs/audit-log.md has it byte for byte. Chunks of 64 KiB under
// AES-256-GCM (NIST SP 800-38D), each knowing its record, its role, its number and whether it is the last, so that none can be
// changed, swapped, moved or cut off. The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015).

/** What an attachment belongs to: bytes sealed for one place open nowhere else. */
export interface SealPlace {
  /** Id of the entry. */
  readonly recordId: string;
  readonly role: string;
}

const version = 0x01;
export const chunkBytes = 64 * 1024;
const prefixBytes = 7;
const tagBytes = 16;
const headBytes = 1 + prefixBytes;
const cipher = "aes-256-gcm";

/** `sealingKey`: 32 bytes. Twice the same bytes are sealed to different ones. */
export function seal(plain: Uint8Array, place: SealPlace, sealingKey: Uint8Array): Buffer {
  const chunks = chunksOf(plain.byteLength, chunkBytes);
  const prefix = randomBytes(prefixBytes);
  const key = keyOf(place, sealingKey);
  const sealed = Buffer.allocUnsafe(headBytes + plain.byteLength + chunks * tagBytes);
  sealed.writeUInt8(version, 0);
  prefix.copy(sealed, 1);
  let end = headBytes;
  for (let number = 0; number < chunks; number += 1) {
    const sealing = createCipheriv(cipher, key, nonceOf(prefix, number, number === chunks - 1), {
      authTagLength: tagBytes,
    });
    sealing.setAAD(associatedData(place, number));
    const chunk = plain.subarray(number * chunkBytes, (number + 1) * chunkBytes);
    for (const part of [sealing.update(chunk), sealing.final(), sealing.getAuthTag()])
      end += part.copy(sealed, end);
  }
  return sealed;
}

/** `undefined` unless these are the bytes that were sealed at this place with this key, all of them and in order. */
export function unseal(sealed: Uint8Array, place: SealPlace, sealingKey: Uint8Array): Buffer | undefined {
  if (sealed.byteLength < headBytes + tagBytes || sealed[0] !== version) return undefined;
  const chunks = chunksOf(sealed.byteLength - headBytes, chunkBytes + tagBytes);
  const prefix = Buffer.from(sealed.subarray(1, headBytes));
  const key = keyOf(place, sealingKey);
  const parts: Buffer[] = [];
  for (let number = 0; number < chunks; number += 1) {
    const from = headBytes + number * (chunkBytes + tagBytes);
    const chunk = sealed.subarray(from, from + chunkBytes + tagBytes);
    const nonce = nonceOf(prefix, number, number === chunks - 1);
    const plain = openChunk(chunk, { key, nonce, associated: associatedData(place, number) });
    if (plain === undefined) return undefined;
    parts.push(plain);
  }
  const [first] = parts;
  // Most are one chunk, and need no copy.
  return parts.length === 1 ? first : Buffer.concat(parts);
}

/** No bytes are one empty chunk: it is sealed too that there were none. */
function chunksOf(bytes: number, size: number): number {
  return Math.max(1, Math.ceil(bytes / size));
}

interface ChunkSeal {
  readonly key: KeyObject;
  readonly nonce: Uint8Array;
  readonly associated: Uint8Array;
}

function openChunk(chunk: Uint8Array, { key, nonce, associated }: ChunkSeal): Buffer | undefined {
  if (chunk.byteLength < tagBytes) return undefined;
  const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  opening.setAAD(associated);
  opening.setAuthTag(chunk.subarray(-tagBytes));
  const plain = opening.update(chunk.subarray(0, -tagBytes));
  try {
    // GCM is a stream: what it checks at the end adds no byte.
    opening.final();
    return plain;
  } catch {
    return undefined;
  }
}

/**
 * A key for each attachment, so that no two of a long session's many nonces can meet under one key. Both are `KeyObject`s, since
 * Node takes ten microseconds to look at a key that is bare bytes, longer than all the rest of sealing a detail.
 */
function keyOf({ recordId, role }: SealPlace, sealingKey: Uint8Array): KeyObject {
  const deriving = createHmac("sha256", createSecretKey(sealingKey));
  return createSecretKey(deriving.update(`${recordId}\n${role}`).digest());
}

function nonceOf(prefix: Uint8Array, number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.set(prefix);
  nonce.writeUInt32BE(number, prefixBytes);
  nonce.writeUInt8(isLast ? 1 : 0, 11);
  return nonce;
}

function associatedData({ recordId, role }: SealPlace, number: number): Buffer {
  return Buffer.from(`${recordId}\n${role}\n${number}`, "utf8");
}
