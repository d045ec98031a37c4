import { expect, test } from "vitest";
import type { SecretShape } from "#lib/secret-shape";
import { mask } from "../../test/fakes/mask-text.ts";

const instance: SecretShape = { fields: new Map([["sealedKey", "strict"]]) };
const byZone: SecretShape = { fields: new Map([["kind", { fields: new Map() }]]), each: instance };

test("secrets in a map keyed by data are masked under every key, whatever it is called", async () => {
  const shape: SecretShape = { fields: new Map([["items", byZone]]) };
  const { text } = await mask(
    '{"items":{"zones/a":{"sealedKey":"abc","name":"x"},"__proto__":{"sealedKey":"def"}}}',
    {
      shape,
    },
  );
  expect(text).not.toMatch(/abc|def/);
  expect(text).toContain('"name":"x"');
});

test("a map of strict values masks every value", async () => {
  const { text } = await mask('{"tokens":{"one":"abc","two":"def"}}', {
    shape: { fields: new Map([["tokens", { fields: new Map(), each: "strict" }]]) },
  });
  expect(text).not.toMatch(/abc|def/);
});
