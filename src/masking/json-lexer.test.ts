import { expect, test } from "vitest";
import { JsonLexer } from "./json-lexer.ts";

/** Reads a document in pieces; answers with what was handed on, or "refused". */
function read(text: Buffer, pieceBytes: number, isSequence = false): string {
  const out: Buffer[] = [];
  const nothing = (): void => undefined;
  const lexer = new JsonLexer(
    {
      valueStart: nothing,
      valueEnd: nothing,
      keyStart: nothing,
      keyEnd: nothing,
      comma: nothing,
      containerEnd: nothing,
      bytes: (chunk, from, to) => out.push(chunk.subarray(from, to)),
    },
    isSequence,
  );
  try {
    for (let at = 0; at < text.length; at += pieceBytes) lexer.write(text.subarray(at, at + pieceBytes));
    lexer.end();
    return Buffer.concat(out).toString("latin1");
  } catch {
    return "refused";
  }
}

const accepts = (text: string | Buffer, isSequence = false): boolean => {
  const bytes = Buffer.from(text);
  const results = [1, 2, 3, 7, Math.max(1, bytes.length)].map((size) => read(bytes, size, isSequence));
  expect(new Set(results).size).toBe(1);
  if (results[0] !== "refused") expect(results[0]).toBe(bytes.toString("latin1"));
  return results[0] !== "refused";
};

test.each([
  "{,}",
  '{"a"}',
  '{"a":1,}',
  "[1,]",
  "[,1]",
  "[1 2]",
  "[}",
  '{"a":1]',
  "{]",
  "01",
  "-",
  "1.",
  ".5",
  "1e",
  "+1",
  "0x1",
  "NaN",
  "tru",
  "nul",
  "trueish",
  '"',
  '"\\x"',
  '"\\u12g4"',
  '"\t"',
  "'a'",
  "{a:1}",
  "[1]]",
  "{}{}",
  "1 2",
  "/* */ 1",
  "\u{feff}1",
  ")]}'\n{}",
])("%s is refused", (text) => {
  expect(accepts(text)).toBe(false);
});

test.each([
  ["an overlong slash", [0xc0, 0xaf]],
  ["an encoded surrogate", [0xed, 0xa0, 0x80]],
  ["a character past the last", [0xf4, 0x90, 0x80, 0x80]],
  ["a lone continuation byte", [0x80]],
  ["half a character", [0xc3]],
  ["latin-1", [0xe9, 0x41]],
])("%s in a string is refused", (_name, bytes) => {
  expect(accepts(Buffer.from([0x22, ...bytes, 0x22]))).toBe(false);
});

test("nesting of 64 levels is read and 65 are refused", () => {
  expect(accepts("[".repeat(64) + "]".repeat(64))).toBe(true);
  expect(accepts("[".repeat(65) + "]".repeat(65))).toBe(false);
});

test("many documents are read only in a sequence, and only on lines of their own", () => {
  expect(accepts("{}\n{}\n", false)).toBe(false);
  expect(accepts("{}\n{}\n1\n", true)).toBe(true);
  expect(accepts("{} {}", true)).toBe(false);
  expect(accepts("{}{}", true)).toBe(false);
});

test.each(["", " \n", "1e400", "-0.10", "12345678901234567890", '"\\ud800"', '"\u{1f600}é"', "[ ]", "{ }"])(
  "%j is handed on byte for byte",
  (text) => {
    expect(accepts(text)).toBe(true);
  },
);
