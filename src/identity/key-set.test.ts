import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { type KeySet, parseKeySet, type SignatureAlgorithm } from "./key-set.ts";

const every: readonly SignatureAlgorithm[] = ["RS256", "PS256", "ES256", "EdDSA"];
const rsa = (modulusLength: number, publicExponent = 65_537) =>
  generateKeyPairSync("rsa", { modulusLength, publicExponent }).publicKey.export({ format: "jwk" });
const ec = (namedCurve: string) =>
  generateKeyPairSync("ec", { namedCurve }).publicKey.export({ format: "jwk" });

async function refusalOf(keys: readonly object[]): Promise<string> {
  const parsed = await parseKeySet({ keys }, every);
  return parsed.kind === "refused" ? parsed.detail : "accepted";
}

async function accepted(keys: readonly object[], algorithms = every): Promise<KeySet> {
  const parsed = await parseKeySet({ keys }, algorithms);
  if (parsed.kind === "refused") throw new Error(parsed.detail);
  return parsed.keys;
}

const good = { ...ec("P-256"), kid: "good" };
const sound = { ...rsa(2048), kid: "rsa" };

test("something that is not a key set is refused", async () => {
  expect((await parseKeySet([], every)).kind).toBe("refused");
  expect((await parseKeySet({ keys: [7] }, every)).kind).toBe("refused");
});

test("a set that mixes in a symmetric key is refused as a whole", async () => {
  expect(await refusalOf([good, { kty: "oct", k: "AAAA", kid: "other" }])).toBe("a symmetric key");
});

test("a set with two keys of one kid is refused as a whole", async () => {
  expect(await refusalOf([good, { ...ec("P-256"), kid: "good" }])).toBe("two keys of one kid");
});

test("a set of more than a hundred keys is refused", async () => {
  const keys = Array.from({ length: limits.jwksKeysMax + 1 }, (_, index) => ({ ...good, kid: `${index}` }));
  expect(await refusalOf(keys)).toBe("101 keys");
});

test.each([
  ["an RSA key of 1024 bits", rsa(1024)],
  ["an RSA exponent of 3", rsa(2048, 3)],
  ["an RSA exponent of 1", { ...sound, e: "AQ" }],
  ["an even RSA exponent", { ...sound, e: "AQAC" }],
  ["an RSA exponent as long as a modulus", { ...sound, e: sound.n }],
  ["a key for encryption", { ...good, use: "enc" }],
  ["a key whose operations are not verify", { ...good, key_ops: ["encrypt"] }],
  ["a key for an algorithm nobody configured", { ...good, alg: "ES256K" }],
  ["a key of another curve", ec("P-384")],
  ["a point that is not on its curve", { ...good, x: "AAAA" }],
  ["a kind of key nobody knows", { kty: "AKP", pub: "AAAA" }],
])("%s is left out, and a set of nothing else is refused", async (_name, key) => {
  expect(await refusalOf([key])).toBe("no key that may be used");
  expect(
    (await accepted([key, good].map((each, index) => ({ ...each, kid: `${index}` })))).hasKeyId("0"),
  ).toBe(false);
});

test("without a kid, several keys are one too many to choose from", async () => {
  const keys = await accepted([good, { ...ec("P-256"), kid: "other" }]);
  expect(keys.keyFor({ alg: "ES256", kid: undefined })).toBeUndefined();
});

test("without a kid, a single key is meant", async () => {
  expect((await accepted([good])).keyFor({ alg: "ES256", kid: undefined })).toBeDefined();
});

test.each(["../../etc/passwd", "' OR 1=1 --", "GOOD", "good ", ""])("kid %j finds no key", async (kid) => {
  expect((await accepted([good])).keyFor({ alg: "ES256", kid })).toBeUndefined();
});

test("a key serves its own algorithm only, and only a configured one", async () => {
  const keys = await accepted([good, { ...sound, alg: "RS256" }]);
  expect(keys.keyFor({ alg: "RS256", kid: "good" })).toBeUndefined();
  expect(keys.keyFor({ alg: "PS256", kid: "rsa" })).toBeUndefined();
  expect(keys.keyFor({ alg: "RS256", kid: "rsa" })).toBeDefined();
  expect((await accepted([good, sound], ["ES256"])).hasKeyId("rsa")).toBe(false);
});

test("a key whose private half was published proves nobody, and the others of its set still do", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const leaked = { ...privateKey.export({ format: "jwk" }), kid: "leaked" };
  const keys = await accepted([leaked, good]);
  expect(keys.keyFor({ alg: "ES256", kid: "leaked" })).toBeUndefined();
  expect(keys.keyFor({ alg: "ES256", kid: "good" })?.type).toBe("public");
  expect(await refusalOf([leaked])).toBe("no key that may be used");
});
