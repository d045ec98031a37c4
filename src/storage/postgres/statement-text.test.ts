import { expect, test } from "vitest";
import { withNumberedParameters } from "./statement-text.ts";

test("parameters are numbered in their order, and numbered ones keep their number", () => {
  expect(withNumberedParameters("SELECT ? WHERE a = ? AND (b, c) < (?, ?)")).toBe(
    "SELECT $1 WHERE a = $2 AND (b, c) < ($3, $4)",
  );
  expect(withNumberedParameters("SET a = ?2, b = ?1 WHERE c = ?2")).toBe("SET a = $2, b = $1 WHERE c = $2");
});

test("a question mark in a string, a quoted name or a comment is no parameter", () => {
  for (const sql of [
    "SELECT '?'",
    "SELECT 'it''s ?'",
    'SELECT "a?""b"',
    "-- why?\nSELECT 1",
    "/* ? */ SELECT 1",
  ]) {
    expect(withNumberedParameters(sql)).toBe(sql);
  }
  expect(withNumberedParameters("SELECT '?', ? -- ?\n, ?")).toBe("SELECT '?', $1 -- ?\n, $2");
});
