import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Secret } from "#lib/secret";

/** Name beside the nonce in the proxy variables; says in a client's debug output what the proxy is. */
export const proxyName = "gatehouse";

/** 256 random bits in an alphabet that needs no escaping in a URL. */
export function newNonce(): Secret {
  return new Secret(randomBytes(32).toString("base64url"));
}

/**
 * Whether a `Proxy-Authorization` value carries this run's nonce as Basic credentials (RFC 7617). The scheme is
 * compared without case: bq sends `basic`. The rest in constant time, so that nobody can guess it byte by byte.
 */
export function carriesNonce(header: string | undefined, nonce: Secret): boolean {
  const match = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header ?? "");
  const presented = Buffer.from(match?.[1] ?? "", "base64").toString("utf8");
  return timingSafeEqual(digest(presented), digest(`${proxyName}:${nonce.reveal()}`));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
