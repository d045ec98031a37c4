import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type MaskingProblem, parseMaskingRules } from "./parse-rules.ts";

const parse = (text: string) => parseMaskingRules([{ file: "m.yaml", text }]);
const problems = (text: string): readonly MaskingProblem[] => {
  const parsed = parse(text);
  return parsed.kind === "problems" ? parsed.problems : [];
};

test.each([
  ["masking: [", 1, "", ""],
  ["policies: []", 1, "", "masking"],
  ["masking:\n  names: [a]\n  name: [b]", 2, "", "name"],
  ["masking:\n  fields:\n    - { name: a, operation: 'x.**' }", 3, "fields.0", "field"],
  ["masking:\n  fields:\n    - { name: a, operation: 'x..y', field: z }", 3, "fields.0", "operation"],
  ["masking:\n  fields:\n    - { name: a, operation: 'get*', field: z }", 3, "fields.0", "operation"],
  ["masking:\n  fields:\n    - { name: A b, operation: 'x.y', field: z }", 3, "fields.0", "name"],
  ["masking:\n  names:\n    - ok\n    - '**'", 4, "names.1", "everything"],
  ["masking:\n  patterns:\n    - { name: a, pattern: '(' }", 3, "patterns.0", "RE2"],
  ["masking:\n  patterns:\n    - { name: a, pattern: 'a*' }", 3, "patterns.0", "empty"],
  ["masking:\n  patterns:\n    - { name: a, pattern: '(?<=x)y' }", 3, "patterns.0", "RE2"],
  ["masking:\n  patterns:\n    - { name: a, pattern: '(a)\\1' }", 3, "patterns.0", "RE2"],
  [`masking:\n  patterns:\n    - { name: a, pattern: '${"a".repeat(513)}' }`, 3, "patterns.0", "512"],
  ["masking: &x {}\nother: *x", 1, "", ""],
])("%j is refused with file, line and rule", (text, line, rule, message) => {
  const [first] = problems(text);
  expect(first).toMatchObject({ file: "m.yaml", line, rule });
  expect(first?.message).toContain(message);
});

test("more patterns than can run in time are refused", () => {
  const many = Array.from({ length: 51 }, (_, index) => `    - { name: p${index}, pattern: x${index} }`);
  expect(problems(`masking:\n  patterns:\n${many.join("\n")}`)[0]?.message).toContain("50 at most");
});

test("one broken document refuses all of them", () => {
  const good = { file: "a.yaml", text: "masking: { names: [pin] }" };
  const parsed = parseMaskingRules([good, { file: "b.yaml", text: "masking: { nams: [] }" }]);
  expect(parsed).toMatchObject({ kind: "problems", problems: [{ file: "b.yaml" }] });
});

test("no document means no rules, and the version tells any two sets apart", () => {
  const version = (...texts: string[]): string => {
    const parsed = parseMaskingRules(texts.map((text, index) => ({ file: `${index}.yaml`, text })));
    return parsed.kind === "rules" ? parsed.rules.version : "broken";
  };
  expect(version()).toMatch(/^[0-9a-f]{64}$/);
  expect(version("masking: {}")).not.toBe(version("masking: {}", "masking: {}"));
});

test("a pattern that would take other engines an age is matched in time", () => {
  const parsed = parse("masking:\n  patterns:\n    - { name: evil, pattern: '(a+)+$' }");
  if (parsed.kind === "problems") throw new Error("refused");
  expect(parsed.rules.patterns[0]?.pattern.test(`${"a".repeat(20_000)}!`)).toBe(false);
});

test("the quick start's masking document is sound", () => {
  const file = new URL("../../quick-start/masking/default.yaml", import.meta.url);
  expect(problems(readFileSync(file, "utf8"))).toEqual([]);
});
