import { expect, test } from "vitest";
import { shortenBlanks } from "./blank-runs.ts";

test("a request cannot hide its end under a screen of empty lines or far to the right", () => {
  expect(shortenBlanks(`{"a": 1,${"\n".repeat(5000)}"b": 2}`)).toBe(
    '{"a": 1,\n⟨5000 line breaks and 0 blanks, left out⟩\n"b": 2}',
  );
  expect(shortenBlanks(`a${" \t\u00a0\u3000".repeat(100)}b`)).toBe(
    "a\n⟨0 line breaks and 400 blanks, left out⟩\nb",
  );
  expect(shortenBlanks(`a${" \n".repeat(5)}b`)).toBe("a\n⟨5 line breaks and 5 blanks, left out⟩\nb");
});

test("paragraphs and the indentation of JSON stay what they are", () => {
  const text = `${JSON.stringify({ a: { b: ["c"] } }, null, 8)}\n\n\n\nend${" ".repeat(200)}.`;
  expect(shortenBlanks(text)).toBe(text);
});
