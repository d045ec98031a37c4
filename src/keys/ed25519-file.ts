import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { readOrCreateKeyFile } from "#lib/key-file";

/** The Ed25519 private key (RFC 8032) in a file, PEM with PKCS #8, made where there is none; `undefined` for a file with anything else. */
export async function openEd25519File(path: string): Promise<KeyObject | undefined> {
  const key = parsedKey(await readOrCreateKeyFile(path, newKey));
  return key?.asymmetricKeyType === "ed25519" ? key : undefined;
}

function newKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

function parsedKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined; // OpenSSL's words may quote the file; whoever asks names it.
  }
}
