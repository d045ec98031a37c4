import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { Doubt } from "./doubt.ts";
import { parseJson } from "./json.ts";

const parse = (text: string) => parseJson(Buffer.from(text, "utf8"));

test.each([
  ["a repeated name", '{"query":"SELECT 1","query":"DROP TABLE x"}'],
  ["a repeated name with the same value", '{"a":1,"a":1}'],
  ["a repeated name, once in escapes", '{"a":1,"\\u0061":2}'],
  ["a repeated name far inside", '{"a":[{"b":{"c":1,"c":2}}]}'],
  ["a repeated __proto__", '{"__proto__":{},"__proto__":{"a":1}}'],
  ["a byte order mark", '\uFEFF{"a":1}'],
  ["a lone surrogate in a text", '{"a":"\\ud800"}'],
  ["a lone surrogate in a name", '{"\\udc00":1}'],
  ["a comment", '{"a":1/* */}'],
  ["a comma at the end", '{"a":1,}'],
  ["single quotes", "{'a':1}"],
  ["something after the end", '{"a":1}{"b":2}'],
  ["a number nobody writes", '{"a":01}'],
  ["nothing", ""],
  ["white space alone", " \n"],
  ["a control character in a text", '{"a":"\u0001"}'],
])("%s is a doubt", (_what, text) => {
  expect(() => parse(text)).toThrow(Doubt);
});

test("bytes that are not UTF-8 are a doubt", () => {
  expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(Doubt);
  expect(() => parseJson(Buffer.from('"a"', "utf16le"))).toThrow(Doubt);
});

test("nesting is bounded, however deep it goes on", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  expect(parse(nested(limits.jsonDepthMax))).toBeDefined();
  expect(() => parse(nested(limits.jsonDepthMax + 1))).toThrow(Doubt);
  expect(() => parse(nested(100_000))).toThrow(Doubt);
});

test("a member named __proto__ is a member like any other", () => {
  expect(parse('{"__proto__":{"dryRun":true}}')).toEqual(
    new Map([["__proto__", new Map([["dryRun", true]])]]),
  );
});

test("what is taken says what JSON.parse says", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(plain(parse(JSON.stringify(value)))).toEqual(plain(JSON.parse(JSON.stringify(value))));
    }),
  );
});

/** Maps as objects, numbers as `0`. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return plainEntries([...value]);
  if (typeof value === "number") return 0;
  if (typeof value !== "object" || value === null) return value;
  if ("kind" in value && value.kind === "number" && Object.keys(value).length === 1) return 0;
  return plainEntries(Object.entries(value));
}

function plainEntries(entries: readonly (readonly [unknown, unknown])[]): unknown {
  return entries
    .map(([name, member]) => [name, plain(member)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

const corpora = process.env["GATEHOUSE_CORPORA"] ?? join(import.meta.dirname, "../../../../shared/corpora");
const folder = join(corpora, "json-parsing", "test_parsing");

const decided = new Map([
  ["i_number_double_huge_neg_exp.json", true],
  ["i_number_huge_exp.json", true],
  ["i_number_neg_int_huge_exp.json", true],
  ["i_number_pos_double_huge_exp.json", true],
  ["i_number_real_neg_overflow.json", true],
  ["i_number_real_pos_overflow.json", true],
  ["i_number_real_underflow.json", true],
  ["i_number_too_big_neg_int.json", true],
  ["i_number_too_big_pos_int.json", true],
  ["i_number_very_big_negative_int.json", true],
]);

test("of the JSON parsing corpus every n_ file is a doubt, every y_ file without a repeated name is read, every i_ file is decided", ({
  skip,
}) => {
  if (!existsSync(folder)) skip(`no corpus at ${folder}; set GATEHOUSE_CORPORA`);
  const files = readdirSync(folder);
  expect(files.length).toBeGreaterThan(300);
  for (const file of files) {
    const isRead = reads(readFileSync(join(folder, file)));
    const isExpected = file.startsWith("y_")
      ? !file.includes("duplicated_key")
      : (decided.get(file) ?? false);
    expect(isRead, file).toBe(isExpected);
  }
});

function reads(bytes: Uint8Array): boolean {
  try {
    parseJson(bytes);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Doubt);
    return false;
  }
}
