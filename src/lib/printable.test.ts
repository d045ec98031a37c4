import fc from "fast-check";
import { expect, test } from "vitest";
import { asciiJson, printable, printableJson } from "./printable.ts";

/** C0 and C1 controls, bidirectional overrides and isolates, zero widths, fillers, line separators, tags. */
const hidden =
  "\u0000\u001B\u007F\u009B\u0085\u061C\u200B\u200D\u200E\u202E\u2066\u2028\u2029\u2800\uFEFF\u00AD\u{E0041}";

test("JSON on a terminal cannot drive it, turn lines round or hide a character, and loses nothing", () => {
  const value = { [hidden]: `a${hidden}b`, "line\nfeed": ["\ttab", "plain é 漢 😀"] };
  for (const json of [printableJson(value), printableJson(value, 2), asciiJson(printableJson(value))]) {
    expect(json.replaceAll("\n", "")).not.toMatch(
      /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]/u,
    );
    expect(JSON.parse(json)).toEqual(value);
  }
  expect(printableJson("plain é 漢 😀")).toBe('"plain é 漢 😀"');
});

test("any text, lone surrogates included, is the same once it is parsed", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 0xd800, max: 0xdfff }), (text, half) => {
      const value = text + String.fromCharCode(half);
      expect(JSON.parse(printableJson({ value }))).toEqual({ value });
      expect(JSON.parse(asciiJson(printableJson({ value })))).toEqual({ value });
    }),
  );
});

test("words name what cannot be seen", () => {
  expect(printable("a\u202Eb\u{E0041}\n")).toBe("a\\u{202e}b\\u{e0041}\n");
});
