import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { GatehouseError } from "#lib/errors";
import { readKeyFile, readOrCreateKeyFile } from "#lib/key-file";
import { associatedData, type DataKeyName } from "./data-key-name.ts";

/** Wraps data keys with a key that lies in a file of this machine. The same shape as every other key provider. */
export interface FileKeyProvider {
  readonly name: string;
  wrap(dataKey: Uint8Array, of: DataKeyName): Promise<Uint8Array>;
  /** Rejects with `wrapping_key_missing` or `wrapped_key_broken`. */
  unwrap(wrapped: Uint8Array, of: DataKeyName): Promise<Uint8Array>;
}

const linePrefix = "gatehouse-wrapping-key/v1 ";
const keyBytes = 32;
const version = 0x01;
const idBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
const cipher = "aes-256-gcm";

/**
 * Reads the wrapping keys from a 0600 file, or creates it with one. A line a key; the last one wraps, all of them unwrap, so that
 * a line added at the end and a restart rotate. Without the file nothing that was sealed can be opened again.
 * Throws `wrapping_key_invalid`, `key_file_open_to_others`.
 */
export async function openFileKeyProvider(path: string): Promise<FileKeyProvider> {
  return provider(path, await readOrCreateKeyFile(path, newLine));
}

/** The same for a copy of a data folder, of which nothing is changed; `undefined` when the keys are not there. */
export function readFileKeyProvider(path: string): FileKeyProvider | undefined {
  const text = readKeyFile(path);
  return text === undefined ? undefined : provider(path, text);
}

function newLine(): string {
  return `${linePrefix}${randomBytes(keyBytes).toString("base64")}\n`;
}

function provider(path: string, text: string): FileKeyProvider {
  const keys = parseKeys(path, text);
  return {
    name: "file",
    wrap: async (dataKey, of) => wrap(keys, dataKey, of),
    unwrap: async (wrapped, of) => unwrap(keys, wrapped, of),
  };
}

interface WrappingKey {
  readonly id: Buffer;
  readonly key: Buffer;
}

/** Newest first. */
function parseKeys(path: string, text: string): readonly [WrappingKey, ...WrappingKey[]] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const [newest, ...older] = lines.map((line) => parseLine(path, line)).reverse();
  if (newest !== undefined) return [newest, ...older];
  throw invalid(path);
}

function parseLine(path: string, line: string): WrappingKey {
  const encoded = line.startsWith(linePrefix) ? line.slice(linePrefix.length).trim() : "";
  const key = Buffer.from(encoded, "base64");
  // Decoding is lenient; a file that lost a character must not become another key.
  if (key.length !== keyBytes || key.toString("base64") !== encoded) throw invalid(path);
  const id = createHash("sha256").update("gatehouse wrapping key id v1\n").update(key).digest();
  return { id: id.subarray(0, idBytes), key };
}

function invalid(path: string): GatehouseError {
  return new GatehouseError(
    "wrapping_key_invalid",
    `${path} does not hold wrapping keys. Restore it from where you keep it: without it no recording can be opened.`,
  );
}

/** version ‖ id of the wrapping key ‖ nonce ‖ ciphertext ‖ tag. 2^32 keys under one wrapping key are safe (SP 800-38D). */
function wrap([{ id, key }]: readonly [WrappingKey, ...WrappingKey[]], dataKey: Uint8Array, of: DataKeyName) {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  sealing.setAAD(associatedData(of));
  const sealed = [sealing.update(dataKey), sealing.final()];
  return Buffer.concat([Uint8Array.of(version), id, nonce, ...sealed, sealing.getAuthTag()]);
}

function unwrap(keys: readonly WrappingKey[], wrapped: Uint8Array, of: DataKeyName): Uint8Array {
  const bytes = Buffer.from(wrapped);
  const nonceAt = 1 + idBytes;
  const sealedAt = nonceAt + nonceBytes;
  if (bytes[0] !== version || bytes.length !== sealedAt + keyBytes + tagBytes) throw broken(of);
  const known = keys.find(({ id }) => id.equals(bytes.subarray(1, nonceAt)));
  if (known === undefined)
    throw new GatehouseError(
      "wrapping_key_missing",
      `The key of ${of.keyId} is wrapped with a key that the key file does not hold. Put that key's line back into it from where you keep it, and restart.`,
    );
  const opening = createDecipheriv(cipher, known.key, bytes.subarray(nonceAt, sealedAt), {
    authTagLength: tagBytes,
  });
  opening.setAAD(associatedData(of)).setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Buffer.concat([opening.update(bytes.subarray(sealedAt, -tagBytes)), opening.final()]);
  } catch {
    throw broken(of);
  }
}

function broken({ keyId }: DataKeyName): GatehouseError {
  return new GatehouseError(
    "wrapped_key_broken",
    `The wrapped key of ${keyId} was changed. Keep the database as it is, find out who wrote to it, and look in a backup for the key as it was.`,
  );
}
