import { hash } from "node:crypto";

/** SHA-256, 32 bytes. */
export type Hash = Uint8Array;

// RFC 6962 section 2.1: leaves and nodes are hashed with different prefixes. Without them somebody could present the
// concatenation of two hashes as an entry, and prove that it was logged.
const leafPrefix = Uint8Array.of(0x00);
const nodePrefix = Uint8Array.of(0x01);

/** `SHA-256(0x00 ‖ leaf)`. */
export function hashLeaf(leaf: Uint8Array): Hash {
  return hash("sha256", Buffer.concat([leafPrefix, leaf]), "buffer");
}

/** `SHA-256(0x01 ‖ left ‖ right)`. */
export function hashNode(left: Hash, right: Hash): Hash {
  return hash("sha256", Buffer.concat([nodePrefix, left, right]), "buffer");
}

/** `SHA-256("")`. */
export function emptyRoot(): Hash {
  return hash("sha256", "", "buffer");
}

/** Both are public, so an early exit tells nobody anything. */
export function isSameHash(one: Hash, other: Hash): boolean {
  return Buffer.compare(one, other) === 0;
}
