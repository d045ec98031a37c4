import { expect, test } from "vitest";
import { Secret } from "#lib/secret";
import type { SecretShape } from "#lib/secret-shape";
import { mask, noRules, secretVersion, shapeOf } from "../../test/fakes/mask-text.ts";
import { placeholderFor } from "./index.ts";

// What cannot be masked

test.each(["gzip", "br", "zstd", "GZIP", "gzip, identity", "x-unknown"])(
  "an answer compressed with %s is refused before its first byte",
  async (contentEncoding) => {
    expect((await mask("{}", { contentEncoding })).error).toContain("refused: the body is compressed");
  },
);

test("a byte range of a JSON document is refused, as its secrets could not be told apart", async () => {
  expect((await mask("{}", { isPartial: true })).error).toContain("only a part");
});

test.each([
  "application/x-protobuf",
  "text/event-stream",
  "multipart/mixed; boundary=b",
  "text/plain",
  "application/grpc",
])("%s is refused where the catalogue knows of secrets", async (contentType) => {
  expect((await mask("{}", { contentType, shape: secretVersion })).error).toContain("not JSON");
});

test("a body that does not say what it is passes only when there is none, where secrets may be", async () => {
  const change = { contentType: undefined, shape: secretVersion };
  expect((await mask("", change)).error).toBeUndefined();
  const { text, error } = await mask("x", change);
  expect(text).toBe("");
  expect(error).toContain("masking_failed");
});

test.each([
  '{"payload":{"data":"c2VjcmV0"',
  '{"payload":{"data":"c2VjcmV0"}} x',
  '{"payload":{"data":"c2VjcmV0"},}',
  '{"payload":{"data":"c2VjcmV0',
  "{'payload':{'data':'c2VjcmV0'}}",
  ')]}\'\n{"payload":{"data":"c2VjcmV0"}}',
])("what is not JSON ends the stream and lets no secret through: %s", async (text) => {
  for (const piece of [1, 5, 1000]) {
    const { text: out, error } = await mask(text, { shape: secretVersion }, noRules, piece);
    expect(error).toContain("masking_failed");
    expect(out).not.toContain("c2Vj");
  }
});

test("an error text never holds what was in the body", async () => {
  const { error } = await mask('{"password":"hunter2hunter2" hunter2', {});
  expect(error).not.toContain("hunter2");
});

test("nesting beyond the limit ends the stream", async () => {
  expect((await mask("[".repeat(65))).error).toContain("masking_failed");
});

test("a member name longer than the window ends the stream", async () => {
  expect((await mask(`{"${"a".repeat(70_000)}":1}`)).error).toContain("masking_failed");
});

// Strict fields

test("a strict field is masked whatever it holds, and null and empty text stay", async () => {
  const shape = shapeOf({ key: "strict" });
  const masked = async (value: string): Promise<string> => (await mask(`{"key":${value}}`, { shape })).text;
  expect(await masked('"abc"')).toBe('{"key":"[masked key]"}');
  expect(await masked("12.50")).toBe('{"key":"[masked key]"}');
  expect(await masked("true")).toBe('{"key":"[masked key]"}');
  expect(await masked('["a",["b",1]]')).toBe(
    '{"key":["[masked key[]]",["[masked key[][]]","[masked key[][]]"]]}',
  );
  expect(await masked('{"a":"b","c":{"d":2}}')).toBe(
    '{"key":{"a":"[masked key.a]","c":{"d":"[masked key.c.d]"}}}',
  );
  expect(await masked("null")).toBe('{"key":null}');
  expect(await masked('""')).toBe('{"key":""}');
});

test("a strict field is found under any spelling of its name", async () => {
  const shape = shapeOf({ privateKeyData: "strict" });
  for (const name of ["privateKeyData", "private_key_data", "PRIVATEKEYDATA", "\\u0070rivateKeyData"]) {
    const { text } = await mask(`{"${name}":"canary"}`, { shape });
    expect(text).not.toContain("canary");
  }
});

test("of a member that stands twice both are masked", async () => {
  const { text } = await mask('{"payload":{"data":"b25l","data":"dHdv"},"payload":{"data":"c2l4"}}', {
    shape: secretVersion,
  });
  expect(text).not.toMatch(/b25l|dHdv|c2l4/);
});

test("a strict value of any length is forgotten as it passes", async () => {
  const { text, error } = await mask(
    `{"payload":{"data":"${"QUFB".repeat(100_000)}"}}`,
    { shape: secretVersion },
    noRules,
    65_536,
  );
  expect(error).toBeUndefined();
  expect(text.length).toBeLessThan(100);
});

test("a masked base64 field holds base64 of a readable text, so that clients can decode it", async () => {
  const { text } = await mask('{"payload":{"data":"c2VjcmV0"}}', { shape: secretVersion });
  const { data } = (JSON.parse(text) as { payload: { data: string } }).payload;
  expect(Buffer.from(data, "base64").toString()).toBe("[masked payload.data]");
  expect(Buffer.from(data, "base64").toString("base64")).toBe(data);
});

test.each([
  ['{"payload":{"data":"c2VjcmV0","dataCrc32c":"123"}}', '{"payload":{"data":"?"}}'],
  ['{"payload":{"dataCrc32c":"123","data":"c2VjcmV0"}}', '{"payload":{"data":"?"}}'],
  ['{"payload":{ "dataCrc32c" : 123 , "data":"c2VjcmV0"}}', '{"payload":{   "data":"?"}}'],
  ['{"payload":{"a":1,"dataCrc32c":{"x":[1,2]},"data":"c2VjcmV0"}}', '{"payload":{"a":1,"data":"?"}}'],
  ['{"payload":{"a":1 , "data_crc32c":null\n, "b":2}}', '{"payload":{"a":1 \n, "b":2}}'],
  ['{"payload":{"crc32c":"x"}}', '{"payload":{}}'],
  ['{"payload":{"md5Hash":"x","sha256":"y"}}', '{"payload":{}}'],
])("the checksum of a masked value is dropped: %s", async (from, to) => {
  const { text } = await mask(from, { shape: secretVersion });
  const data = Buffer.from("[masked payload.data]").toString("base64");
  expect(text).toBe(to.replace("?", data));
});

test("a checksum of what is not masked stays", async () => {
  const text = '{"ciphertext":"YQ==","ciphertextCrc32c":"1","md5Hash":"x"}';
  expect((await mask(text, { shape: shapeOf({ other: "bag" }) })).text).toBe(text);
});

// google.protobuf.Any

const operation: SecretShape = {
  fields: new Map([
    [
      "response",
      {
        fields: new Map(),
        ofType: (url) => (url === "type.googleapis.com/Key" ? shapeOf({ keyString: "strict" }) : undefined),
      },
    ],
  ]),
};
const type = '"@type":"type.googleapis.com/Key"';

test.each([
  [`{"response":{${type},"keyString":"canary"}}`],
  [`{"response":{"keyString":"canary",${type}}}`],
  [`{"response":{"a":{"b":[1,{"@type":"other"}]}, "keyString" : "canary" , ${type}, "c":1}}`],
  [`{"response":{"keyString":"canary","\\u0040type":"type.googleapis.com/Key"}}`],
])("the type of an Any counts wherever it stands: %s", async (text) => {
  for (const piece of [1, 3, 1000]) {
    const masked = await mask(text, { shape: operation }, noRules, piece);
    expect(masked.error).toBeUndefined();
    expect(masked.text).toBe(text.replace("canary", "[masked response.keyString]"));
  }
});

test("an Any of another type or of none keeps its values", async () => {
  for (const text of [
    '{"response":{"keyString":"x","@type":"other"}}',
    '{"response":{"keyString":"x"}}',
    '{"response":{}}',
    '{"response":{"n":12.5}}',
    '[{"response":{"n":[1],"m":-0}},[]]',
  ]) {
    expect((await mask(text, { shape: operation })).text).toBe(text);
  }
});

test.each([
  [`{"response":{${type},"@type":"other","keyString":"canary"}}`, "two types"],
  [`{"response":{"a":1,"@type":7,"keyString":"canary"}}`, "not text"],
  [`{"response":{"@type":["x"],"keyString":"canary"}}`, "not text"],
  [`{"response":{"a":"${"x".repeat(70_000)}",${type}}}`, "too late"],
])("an Any whose type cannot be told ends the stream", async (text, why) => {
  const masked = await mask(text, { shape: operation });
  expect(masked.error).toContain(why);
  expect(masked.text).not.toContain("canary");
});

// What is left alone

test.each([
  '{"n":[1e400,0.10,-0.0,12345678901234567890,1E-7]}',
  ' {\n\t"a" : [ ] , "b":{ } ,"c": "\\u00e9\\/é😀" }\r\n',
  '"\\ud800"',
  "",
  "  \n",
])("%j leaves byte for byte as it came", async (text) => {
  const { text: out, error } = await mask(text, {}, noRules, 1);
  expect([out, error]).toEqual([text, undefined]);
});

test("each line of NDJSON is masked", async () => {
  const { text } = await mask('{"password":"one two"}\n{"password":"three"}\n', {
    contentType: "application/x-ndjson",
  });
  expect(text).toBe('{"password":"[masked password]"}\n{"password":"[masked password]"}\n');
});

test("the content of an object passes as it is, JSON included, for clients check its hash", async () => {
  const text = '{"password":"hunter2"';
  const change = { isMedia: true, isPartial: true, contentEncoding: "gzip" };
  expect(await mask(text, change)).toMatchObject({ text, error: undefined });
});

test("a placeholder is the same for the same place, differs between sessions and resources, and knows no value", () => {
  const key = Buffer.alloc(32, 1);
  const one = placeholderFor(key, "projects/p/secrets/s");
  expect(one("payload.data")).toBe(placeholderFor(key, "projects/p/secrets/s")("payload.data"));
  expect(one("payload.data")).toMatch(/^\[masked by Gatehouse: [\w-]{12}\]$/);
  const others = [
    one("payload.date"),
    placeholderFor(key, "projects/p/secrets/t")("payload.data"),
    placeholderFor(Buffer.alloc(32, 2), "projects/p/secrets/s")("payload.data"),
    placeholderFor(key, "projects/p/secrets/spay")("load.data"),
  ];
  expect(new Set([one("payload.data"), ...others]).size).toBe(5);
});

test("a document with very many secrets names each place once", async () => {
  const shape = shapeOf({ keys: shapeOf({ secret: "strict" }) });
  const { findings } = await mask(
    `{"keys":[${Array(5000).fill('{"secret":"x"}').join(",")}]}`,
    { shape },
    noRules,
    9999,
  );
  expect(findings).toEqual([{ path: "keys[].secret", detector: "catalogue", rule: "strict" }]);
});

test("an unreadable body with credentials of ours ends without them", async () => {
  const token = "ya29.c.c0ASRK0Gd-canary-canary-canary";
  const { text } = await mask(`{"a":"${token}" oops`, { ownCredentials: [new Secret(token)] });
  expect(text).not.toContain("canary");
});
