import { expect, test } from "vitest";
import { entryDecisions, entryKinds, riskClasses, unknownWord, wordProblem } from "./entry-words.ts";

test("every word that an entry can say is one, and decisions are named once", () => {
  for (const kind of entryKinds) expect(wordProblem("kind", kind)).toBeUndefined();
  for (const riskClass of riskClasses) expect(wordProblem("class", riskClass)).toBeUndefined();
  for (const decision of entryDecisions) expect(wordProblem("decision", decision)).toBeUndefined();
  expect(new Set(entryDecisions).size).toBe(entryDecisions.length);
});

test.each([
  ["class", "destructve", "destructive"],
  ["class", "Read", "read"],
  ["class", "raed", undefined],
  ["decision", "alow", "allow"],
  ["decision", "policy_deneid", "policy_denied"],
  ["kind", "exchange.refuse", "exchange.refused"],
  ["kind", "audit.reads", "audit.read"],
] as const)("of the %s %s it is said which was probably meant: %s", (name, given, meant) => {
  const said = wordProblem(name, given);
  if (meant === undefined) expect(said).toMatch(/Those are read, write, destructive/);
  else expect(said).toBe(`"${given}" is no ${name} of an entry. Did you mean ${meant}?`);
});

test("what is near nothing gets the whole list", () => {
  expect(wordProblem("class", "nonsense")).toBe(
    '"nonsense" is no class of an entry. Those are read, write, destructive, privileged, secret_read, unknown.',
  );
});

test("a word of a stranger's, however long, costs no more than its beginning and is shown shortened", () => {
  const said = unknownWord("word", "a".repeat(1_000_000), ["b"]) ?? "";
  expect(said.length).toBeLessThan(120);
  expect(said).toContain("aaa…");
});
