import { createHash, createPublicKey, type KeyObject, sign } from "node:crypto";
import { GatehouseError } from "#lib/errors";
import { openEd25519File } from "./ed25519-file.ts";

/**
 * The key that signs the log's checkpoints. Only what it signs and its public half leave this file.
 * Fits the signer that `tlog` asks for.
 */
export interface LogKey {
  /** C2SP signed-note verifier key: `origin+hex(key id)+base64(0x01 ‖ public key)`. */
  readonly verifierKey: string;
  /** Ed25519 over the bytes, 64 bytes. */
  sign(text: Uint8Array): Uint8Array;
}

/**
 * Reads the Ed25519 key for `origin` from a 0600 file, or creates it. Throws `log_key_invalid` when the file holds
 * something else, and `key_file_open_to_others`.
 */
export async function openLogKey(path: string, origin: string): Promise<LogKey> {
  return openNamedKey(path, origin, 0x01);
}

/** The key of a witness, of the same kind under another type (https://c2sp.org/tlog-cosignature). Throws as `openLogKey`. */
export async function openCosignerKey(path: string, name: string): Promise<LogKey> {
  return openNamedKey(path, name, 0x04);
}

async function openNamedKey(path: string, origin: string, type: number): Promise<LogKey> {
  if (!/^[^\s+\p{Cc}]+$/u.test(origin)) {
    throw new GatehouseError("log_origin_invalid", `"${origin}" cannot name a log: no spaces, no plus sign.`);
  }
  const privateKey = await openEd25519File(path);
  if (privateKey === undefined)
    throw new GatehouseError(
      "log_key_invalid",
      `${path} does not hold an Ed25519 private key. Restore it from your backup: a log is checked against one key for life.`,
    );
  return {
    verifierKey: verifierKeyOf(origin, privateKey, type),
    sign: (text) => sign(null, text, privateKey),
  };
}

/** https://c2sp.org/signed-note: key id = first 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key), type 0x01 = Ed25519. */
function verifierKeyOf(origin: string, privateKey: KeyObject, type: number): string {
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const typedKey = Buffer.concat([Uint8Array.of(type), spki.subarray(-32)]);
  const keyId = createHash("sha256").update(`${origin}\n`).update(typedKey).digest("hex").slice(0, 8);
  return `${origin}+${keyId}+${typedKey.toString("base64")}`;
}
