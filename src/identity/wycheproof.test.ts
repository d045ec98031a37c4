import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compactVerify } from "jose";
import { expect, test } from "vitest";
import { z } from "zod";
import { parseCompactForm } from "./compact-token.ts";
import { parseKeySet, type SignatureAlgorithm } from "./key-set.ts";

// Wycheproof signs payloads that are not JSON ("foo"), so what a JWT adds is left out here: form, keys and signature,
// by the very functions that tokens pass, then the claims that every other test is about.
const folder = join(
  process.env["GATEHOUSE_CORPORA"] ?? join(import.meta.dirname, "../../../shared/corpora"),
  "wycheproof",
);

const jwk = z.looseObject({});
const vectors = z.object({
  testGroups: z.array(
    z.object({
      private: jwk,
      public: jwk.optional(),
      tests: z.array(z.object({ tcId: z.number(), jws: z.string(), result: z.enum(["valid", "invalid"]) })),
    }),
  ),
});

const algorithms: readonly SignatureAlgorithm[] = ["RS256", "PS256", "ES256", "EdDSA"];

/** As `parseCompactToken` and `identityTokens` do it; the payload may be anything. */
async function accepts(jws: string, keySet: unknown): Promise<boolean> {
  const form = parseCompactForm(jws);
  const parsed = await parseKeySet(keySet, algorithms);
  if (form === undefined || parsed.kind === "refused") return false;
  const algorithm = algorithms.find((each) => each === form.header.alg);
  const key = parsed.keys.keyFor(form.header);
  if (algorithm === undefined || key === undefined) return false;
  return compactVerify(jws, key, { algorithms: [algorithm] }).then(
    () => true,
    () => false,
  );
}

interface Difference {
  readonly why: string;
  readonly cases: readonly number[];
}

async function run(file: string, differences: readonly Difference[]): Promise<number> {
  const { testGroups } = vectors.parse(JSON.parse(readFileSync(join(folder, file), "utf8")));
  const explained = new Set(differences.flatMap(({ cases }) => cases));
  const surprises: string[] = [];
  let count = 0;
  for (const group of testGroups) {
    const key = group.public ?? group.private;
    const keySet = "keys" in key ? key : { keys: [key] };
    for (const { tcId, jws, result } of group.tests) {
      count += 1;
      const isAccepted = await accepts(jws, keySet);
      if ((isAccepted === (result === "valid")) !== !explained.has(tcId))
        surprises.push(`${tcId}: ${result}, ${isAccepted}`);
    }
  }
  expect(surprises).toEqual([]);
  expect(count).toBeGreaterThan(0);
  return count;
}

/** Valid by the vectors, refused here. */
const signatureDifferences: readonly Difference[] = [
  { why: "symmetric keys prove nobody", cases: [1, 348, 352, 357, 358, 359, 376, 377] },
  { why: "a token without a payload claims nothing", cases: [259, 264, 268, 272, 320, 325] },
  { why: "RS384, RS512, PS384, PS512 and ES512 cannot be configured", cases: [265, 266, 267, 269, 270, 271] },
  { why: "the same, other keys", cases: [321, 322, 323, 326, 327, 328, 346, 347, 350, 351] },
  { why: "a defect of the vectors: these contain a question mark", cases: [372, 373] },
];
const keyDifferences: readonly Difference[] = [
  { why: "a key set with a symmetric key is refused as a whole", cases: [2, 13, 14, 15] },
];

const isThere = existsSync(folder);
const skipReason = `Wycheproof is not at ${folder}: signature vectors skipped. Set GATEHOUSE_CORPORA.`;
if (!isThere) process.stderr.write(`${skipReason}\n`);

test.skipIf(!isThere)("no forged, malformed or ambiguous signature of Wycheproof is accepted", async () => {
  const count = await run("json_web_signature_test.json", signatureDifferences);
  process.stderr.write(`Wycheproof JWS: ${count} cases\n`);
});

test.skipIf(!isThere)("second spellings of a token that the library would take do not reach it", () => {
  const { testGroups } = vectors.parse(
    JSON.parse(readFileSync(join(folder, "json_web_signature_test.json"), "utf8")),
  );
  const spellings = testGroups
    .flatMap(({ tests }) => tests)
    .filter(({ tcId }) => [360, 365, 368, 375].includes(tcId));
  expect(spellings).toHaveLength(4);
  for (const { jws } of spellings) expect(parseCompactForm(jws)).toBeUndefined();
});

test.skipIf(!isThere)("no weak, mixed or mismatched key of Wycheproof is accepted", async () => {
  const count = await run("json_web_key_test.json", keyDifferences);
  process.stderr.write(`Wycheproof JWK: ${count} cases\n`);
});
