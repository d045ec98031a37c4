import { type CryptoKey, importJWK } from "jose";
import { z } from "zod";
import { limits } from "#lib/limits";
import type { TokenHeader } from "./compact-token.ts";
import { isRocaModulus } from "./roca.ts";

/** Signature algorithms that can be configured. Symmetric ones are not among them: a public key must never be a secret. */
export type SignatureAlgorithm = "RS256" | "PS256" | "ES256" | "EdDSA";

/** The keys of one provider that may prove its tokens. */
export interface KeySet {
  /** The one key that may have signed under this header, if there is exactly one. */
  keyFor(header: Pick<TokenHeader, "alg" | "kid">): CryptoKey | undefined;
  hasKeyId(kid: string): boolean;
}

export type KeySetParsing =
  | { readonly kind: "keys"; readonly keys: KeySet }
  | { readonly kind: "refused"; readonly detail: string };

const keySetShape = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

const common = {
  kid: z.string().max(256).optional(),
  use: z.string().optional(),
  alg: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
};
const coordinate = z.string().regex(/^[\w-]{1,2048}$/);

/** Public members only, so that no private half is ever imported. */
const keyShape = z.discriminatedUnion("kty", [
  z.object({ kty: z.literal("RSA"), n: coordinate, e: coordinate, ...common }),
  z.object({ kty: z.literal("EC"), crv: z.literal("P-256"), x: coordinate, y: coordinate, ...common }),
  z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: coordinate, ...common }),
]);
type PublicKey = z.infer<typeof keyShape>;

interface ImportedKey {
  readonly kid: string | undefined;
  readonly alg: SignatureAlgorithm;
  readonly key: CryptoKey;
}

/**
 * Reads a JWK Set (RFC 7517 section 5). A set that mixes in symmetric keys, names two keys alike or is too long is refused
 * as a whole, since nobody can say what its author meant; weak keys and keys for other purposes are left out.
 */
export async function parseKeySet(
  document: unknown,
  algorithms: readonly SignatureAlgorithm[],
): Promise<KeySetParsing> {
  const parsed = keySetShape.safeParse(document);
  if (!parsed.success) return { kind: "refused", detail: "not a JWK Set" };
  const { keys } = parsed.data;
  if (keys.length > limits.jwksKeysMax) return { kind: "refused", detail: `${keys.length} keys` };
  if (keys.some(({ kty }) => kty === "oct")) return { kind: "refused", detail: "a symmetric key" };
  const ids = keys.flatMap((key) => (key["kid"] === undefined ? [] : [key["kid"]]));
  if (new Set(ids).size !== ids.length) return { kind: "refused", detail: "two keys of one kid" };
  const imported = (await Promise.all(keys.map((key) => importKey(key, algorithms)))).flat();
  if (imported.length === 0) return { kind: "refused", detail: "no key that may be used" };
  return { kind: "keys", keys: keySetOf(imported) };
}

function keySetOf(imported: readonly ImportedKey[]): KeySet {
  return {
    keyFor: ({ alg, kid }) => {
      // OpenID Connect Core section 10.1: without a kid there must be one key only.
      const isNamed = (each: ImportedKey): boolean => (kid === undefined ? true : each.kid === kid);
      const named = imported.filter(isNamed);
      if (kid === undefined && new Set(named.map((each) => each.kid)).size > 1) return undefined;
      const fitting = named.filter((each) => each.alg === alg);
      return fitting.length === 1 ? fitting[0]?.key : undefined;
    },
    hasKeyId: (kid) => imported.some((each) => each.kid === kid),
  };
}

async function importKey(key: object, algorithms: readonly SignatureAlgorithm[]): Promise<ImportedKey[]> {
  // Whoever can read the set can sign with a key whose private half is in it (RFC 7517 section 9.2): it proves nobody.
  if ("d" in key || "p" in key) return [];
  const parsed = keyShape.safeParse(key);
  if (!parsed.success || !isForSignatures(parsed.data) || isWeak(parsed.data)) return [];
  const fitting = algorithms.filter((alg) => fits(parsed.data, alg));
  return (await Promise.all(fitting.map((alg) => importFor(parsed.data, alg)))).flat();
}

async function importFor(key: PublicKey, alg: SignatureAlgorithm): Promise<ImportedKey[]> {
  const { kid, use: _use, key_ops: _keyOps, alg: _alg, ...material } = key;
  try {
    const imported = await importJWK(material, alg);
    return imported instanceof Uint8Array ? [] : [{ kid, alg, key: imported }];
  } catch {
    return []; // Not a point of its curve, for instance.
  }
}

function isForSignatures({ use, key_ops: keyOps }: PublicKey): boolean {
  return (use === undefined || use === "sig") && (keyOps === undefined || keyOps.includes("verify"));
}

function fits(key: PublicKey, alg: SignatureAlgorithm): boolean {
  if (key.alg !== undefined && key.alg !== alg && !(key.alg === "Ed25519" && alg === "EdDSA")) return false;
  switch (alg) {
    case "RS256":
    case "PS256":
      return key.kty === "RSA";
    case "ES256":
      return key.kty === "EC";
    case "EdDSA":
      return key.kty === "OKP";
  }
}

/** NIST SP 800-56B section 6.2: exponents are odd, at least 65537 and below 2^256. jose takes exponent 1 and ROCA keys. */
function isWeak(key: PublicKey): boolean {
  if (key.kty !== "RSA") return false;
  const modulus = unsigned(key.n);
  const exponent = unsigned(key.e);
  const bits = modulus.toString(2).length;
  const isOddExponent = exponent >= 65_537n && exponent < 1n << 256n && exponent % 2n === 1n;
  return bits < 2048 || bits > 8192 || !isOddExponent || isRocaModulus(modulus);
}

function unsigned(text: string): bigint {
  return BigInt(`0x0${Buffer.from(text, "base64url").toString("hex")}`);
}
