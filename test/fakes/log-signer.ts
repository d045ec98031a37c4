import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { NoteSigner } from "#tlog";

/** A log key in memory. */
export function newLogSigner(origin = "gateway.example/audit"): NoteSigner {
  return newSigner(origin, 1);
}

/** A witness's key in memory. */
export function newCosigner(name = "witness.example/w1"): NoteSigner {
  return newSigner(name, 4);
}

function newSigner(origin: string, type: number): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = Buffer.concat([
    Buffer.of(type),
    publicKey.export({ format: "der", type: "spki" }).subarray(-32),
  ]);
  const keyId = createHash("sha256").update(`${origin}\n`).update(key).digest("hex").slice(0, 8);
  return {
    verifierKey: `${origin}+${keyId}+${key.toString("base64")}`,
    sign: (text) => sign(null, text, privateKey),
  };
}
