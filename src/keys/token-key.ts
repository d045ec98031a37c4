import { createPublicKey } from "node:crypto";
import { calculateJwkThumbprint, SignJWT } from "jose";
import { GatehouseError } from "#lib/errors";
import { openEd25519File } from "./ed25519-file.ts";

/** The key that signs gateway tokens. Only tokens and its public half leave this file. */
export interface TokenKey {
  readonly keyId: string;
  /** Ed25519 (RFC 8037 section 2); JWS algorithm `EdDSA`. */
  readonly publicJwk: { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };
  /** Compact JWS of the claims with `typ: at+jwt` (RFC 9068 section 2.1). */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
}

/**
 * Reads the Ed25519 key from a 0600 file, or creates it. Replacing the file ends every gateway token at the next start;
 * sessions go on with a new exchange. Throws `token_key_invalid`, `key_file_open_to_others`.
 */
export async function openTokenKey(path: string): Promise<TokenKey> {
  const privateKey = await openEd25519File(path);
  if (privateKey === undefined)
    throw new GatehouseError(
      "token_key_invalid",
      `${path} does not hold an Ed25519 private key. Remove it to get a new one: gateway tokens that are out end, sessions go on.`,
    );
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const publicJwk = { kty: "OKP", crv: "Ed25519", x: spki.subarray(-32).toString("base64url") } as const;
  const keyId = await calculateJwkThumbprint(publicJwk);
  return {
    keyId,
    publicJwk,
    sign: (claims) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid: keyId })
        .sign(privateKey),
  };
}
