import { expect, test } from "vitest";
import type { SecretShape } from "#lib/secret-shape";
import { mask, noRules } from "../../test/fakes/mask-text.ts";

// Lists of names and values, and what an agent may do so that name and value do not meet.

test.each([
  '{"metadata":{"items":[{"value":"canary"}]}}',
  '{"env":[{"value":"canary","other":1},{"value":"more-canary"}]}',
  '{"env":[{"value":{"stringValue":"canary"}}]}',
  '{"value":"canary"}',
])("a field mask that strips the name does not strip the masking: %s", async (text) => {
  const { text: masked, findings } = await mask(text, { isProjected: true });
  expect(masked).not.toContain("canary");
  expect(findings[0]).toMatchObject({ detector: "name", rule: "secret_name" });
  expect((await mask(text)).text).toBe(text);
});

test.each([
  '{"items":[{"name":"a/b.txt","size":"12","metadata":{"k":"v"}}],"prefixes":["a/"],"nextPageToken":"x"}',
  '{"items":[{"key":"HOST","value":"db.example"},{"value":"db.example","key":"HOST"}]}',
  '{"timeSeries":[{"points":[{"value":{"doubleValue":1.5}},{"value":7}]}]}',
  '{"env":[{"value":"https://example.com/a"},{"value":"true"},{"value":""},{"value":null}]}',
])("a field mask that strips no name changes nothing: %s", async (text) => {
  expect(await mask(text, { isProjected: true })).toMatchObject({ text, findings: [] });
});

const any: SecretShape = {
  fields: new Map([
    [
      "response",
      {
        fields: new Map(),
        ofType: (url) => (url === "Key" ? { fields: new Map([["blob", "strict"]]) } : undefined),
      },
    ],
  ]),
};

test("a field mask that strips the type of an Any leaves nothing of it to see", async () => {
  const text = '{"done":true,"response":{"blob":"canary","size":7}}';
  const { text: masked } = await mask(text, { shape: any, isProjected: true });
  expect(masked).toBe(
    '{"done":true,"response":{"blob":"[masked response.blob]","size":"[masked response.size]"}}',
  );
  expect((await mask(text, { shape: any })).text).toBe(text);
  const typed = '{"response":{"@type":"Other","size":7}}';
  expect((await mask(typed, { shape: any, isProjected: true })).text).toBe(typed);
});

test.each([
  '{"name":"DB_PASSWORD","value":["canary"]}',
  '{"value":["canary"],"name":"DB_PASSWORD"}',
  '{"key":"DB_PASSWORD","value":{"stringValue":"canary"}}',
  '{"value":{"stringValue":"canary","more":[{"x":"canary"}]},"key":"DB_PASSWORD"}',
  '{"key":"DB_PASSWORD","value":{"name":"HOST","value":["canary"]}}',
  '{"value":[{"value":"canary","name":"HOST"},{"name":"HOST","value":"canary"}],"key":"DB_PASSWORD"}',
  '{"value":{"value":["canary"]},"key":"DB_PASSWORD"}',
  '{"key":"DB_PASSWORD","value":{"items":[{"name":"HOST","value":"canary"}]}}',
])("a secret setting hides what is within its value, however it is wrapped: %s", async (text) => {
  const { text: masked, findings, error } = await mask(text);
  expect(error).toBeUndefined();
  expect(masked).not.toContain("canary");
  expect(findings.length).toBeGreaterThan(0);
});

test.each([
  '{"name":"HOST","value":["plain",7,true]}',
  '{"value":{"stringValue":"plain","more":[{"x":"y"}]},"key":"HOST"}',
  '{"points":[{"value":{"doubleValue":1.5,"stringValue":"up"}}]}',
  '{"value":[{"value":"plain","name":"A"},{"value":"x"}],"key":"HOST"}',
  `{"value":[${Array(2000).fill('"plain"').join(",")}]}`,
])("a harmless setting shows what is within its value: %s", async (text) => {
  expect(await mask(text)).toMatchObject({ text, findings: [] });
});

test("a wrapped value that is very long is masked in doubt until its name is known", async () => {
  const list = Array.from({ length: 30_000 }, (_, index) => `"v${index}canary"`).join(",");
  const { text, error } = await mask(`{"value":[${list}],"name":"DB_PASSWORD"}`, {}, noRules, 65_536);
  expect(error).toBeUndefined();
  expect(text).not.toContain("canary");
});

test.each(["text/plain", "application/x-www-form-urlencoded", "application/octet-stream"])(
  "a request that is JSON and says %s is masked for the record",
  async (contentType) => {
    const request = { direction: "request", contentType } as const;
    expect((await mask('  {"password":"canary"}', request)).text).toBe('  {"password":"[masked password]"}');
    expect((await mask("password=plain", request)).text).toBe("password=plain");
    expect((await mask("  ", request)).text).toBe("  ");
    expect((await mask('{"password":"canary" oops', request)).error).toMatch(/^masking_failed/);
    expect((await mask('{"password":"x"}', { ...request, isMedia: true })).text).toBe('{"password":"x"}');
  },
);
