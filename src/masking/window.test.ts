import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import type { SecretShape } from "#lib/secret-shape";
import { mask, maskBytes, noRules, rulesOf } from "../../test/fakes/mask-text.ts";

// Whatever is kept back is kept up to the window; what happens at its edge must not depend on the cut of the chunks.

const any: SecretShape = {
  fields: new Map(),
  ofType: (url) => (url === "Key" ? { fields: new Map([["secret", "strict"]]) } : undefined),
};
const strict: SecretShape = { fields: new Map([["data", "strict"]]) };
const bag: SecretShape = { fields: new Map([["env", "bag"]]) };
const patterns = rulesOf("masking: { patterns: [{ name: x, pattern: NEEDLE }] }");

test.each<[string, (pad: string) => string, SecretShape | undefined, boolean]>([
  ["a value under a secret name", (pad) => `{"password":"https://${pad}"}`, undefined, false],
  ["a value under a weak name", (pad) => `{"secret":"${pad}"}`, undefined, false],
  ["a setting before its name", (pad) => `{"value":"canary","x":"${pad}","name":"HOST"}`, undefined, false],
  ["a long setting before its name", (pad) => `[{"value":"${pad}","name":"HOST"}]`, undefined, false],
  ["a long setting after its name", (pad) => `[{"name":"HOST","value":"${pad}"}]`, undefined, false],
  ["a long name of a setting", (pad) => `[{"name":"${pad}","value":"canary"}]`, undefined, false],
  ["a leaf of a bag", (pad) => `{"env":{"A":"${pad}"}}`, bag, false],
  ["a text the patterns look at", (pad) => `{"a":"${pad}"}`, undefined, true],
  ["a number the patterns look at", (pad) => `{"a":1${pad.replaceAll("x", "0")}}`, undefined, true],
  ["a type that comes late", (pad) => `{"secret":"canary","x":"${pad}","@type":"Key"}`, any, false],
  ["a long type", (pad) => `{"@type":"${pad}","secret":"canary"}`, any, false],
  [
    "space before a member that may be dropped",
    (pad) => `{"a":1,${pad.replaceAll("x", " ")}"dataCrc32c":1}`,
    strict,
    false,
  ],
  ["a member's name", (pad) => `{"${pad}":1}`, undefined, false],
])(
  "%s gives one outcome at the edge of the window, however it is cut",
  async (_name, around, shape, hasPatterns) => {
    const rules = hasPatterns ? patterns : noRules;
    for (let over = -40; over <= 3; over += 1) {
      const bytes = Buffer.from(around("x".repeat(limits.maskWindowBytesMax + over)));
      const outcomes = await Promise.all(
        [bytes.length, 65_536, 16_384, 1_021].map((piece) => maskBytes(bytes, { shape }, rules, piece)),
      );
      const [first] = outcomes;
      for (const outcome of outcomes) {
        expect(outcome.error).toBe(first?.error);
        if (first?.error === undefined) expect(outcome.text).toBe(first?.text);
      }
      if (over === 3 && /"@type"|secret/.test(around("")) && shape === any)
        expect(first?.text).not.toContain("canary");
    }
  },
);

test("hostile bytes end the stream with one error of ours, or leave as JSON", async () => {
  const seeds = [
    '{"a":[1,{"password":"x"}],"b":"\\u00e9"}',
    '[{"name":"K","value":"v"},null,1e5]',
    '{"env":{"A":"b"}}',
  ];
  const edit = fc.tuple(fc.nat(60), fc.constantFrom(...'{}[],:"\\0-ue \n\u0000\u00ff'));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 5 }), async (seed, edits) => {
      const bytes = Buffer.from(seed);
      for (const [at, with_] of edits) bytes[at % bytes.length] = with_.charCodeAt(0);
      const outcomes = await Promise.all(
        [1, 7, 1000].map((piece) => maskBytes(bytes, { shape: bag }, noRules, piece)),
      );
      for (const { error, text } of outcomes) {
        expect(error).toBe(outcomes[0]?.error);
        if (error === undefined) expect(() => JSON.parse(text) as unknown).not.toThrow();
        else expect(error).toMatch(/^masking_failed: /);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a secret of many megabytes costs no more memory than a short one", async () => {
  const { text } = await mask(
    `{"password":"${"https://example.com/".repeat(400_000)}"}`,
    {},
    noRules,
    65_536,
  );
  expect(text).toBe('{"password":"[masked password]"}');
});
