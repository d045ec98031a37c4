import { expect, test } from "vitest";
import { type Condition, holds } from "./condition.ts";

const equals = (value: string | boolean): Condition => ({ claim: ["c"], demand: { kind: "equals", value } });
const prefix = (text: string): Condition => ({ claim: ["c"], demand: { kind: "prefix", prefix: text } });
const oneOf = (...values: string[]): Condition => ({ claim: ["c"], demand: { kind: "one_of", values } });

test.each([
  ["missing", {}],
  ["null", { c: null }],
  ["another text", { c: "mainly" }],
  ["another case", { c: "Main" }],
  ["a text with a line feed at its end", { c: "main\n" }],
  ["an object", { c: { main: true } }],
  ["an empty list", { c: [] }],
  ["a list of which one member differs", { c: ["main", "evil"] }],
])("a claim that is %s does not equal", (_name, claims) => {
  expect(holds(equals("main"), claims)).toBe(false);
  expect(holds(oneOf("main", "release"), claims)).toBe(false);
});

test("a claim inherited from every object is no claim", () => {
  const named = (claim: Condition["claim"], value: string): Condition => ({
    claim,
    demand: { kind: "equals", value },
  });
  expect(holds(named(["constructor", "name"], "Object"), {})).toBe(false);
  expect(holds(named(["c", "length"], "4"), { c: "main" })).toBe(false);
});

test("true as text is not true", () => {
  expect(holds(equals(true), { c: "true" })).toBe(false);
  expect(holds(equals("true"), { c: true })).toBe(false);
  expect(holds(equals(true), { c: true })).toBe(true);
});

test("a numeric id is the same as number and as text, as long as the number is exact", () => {
  expect(holds(equals("74"), { c: 74 })).toBe(true);
  expect(holds(equals("9007199254740993"), { c: Number("9007199254740993") })).toBe(false);
});

test.each([
  "refs/heads/release-of-evil",
  "refs/heads/released",
  "refs/heads",
  "refs/heads/release/../main",
  "refs/heads/release//x",
  "refs/heads/release/./x",
  "/refs/heads/release/x",
])("%s is not below refs/heads/release", (ref) => {
  expect(holds(prefix("refs/heads/release"), { c: ref })).toBe(false);
  expect(holds(prefix("refs/heads/release/"), { c: ref })).toBe(false);
});

test("whole segments below a prefix, and the prefix itself, are let in", () => {
  expect(holds(prefix("refs/heads/release"), { c: "refs/heads/release" })).toBe(true);
  expect(holds(prefix("refs/heads/release/"), { c: "refs/heads/release/1.2" })).toBe(true);
});

test("names hold dots: a nested claim is found by its steps, never by cutting names", () => {
  const nested: Condition = { claim: ["kubernetes.io", "namespace"], demand: { kind: "equals", value: "a" } };
  expect(holds(nested, { "kubernetes.io": { namespace: "a" } })).toBe(true);
  expect(holds(nested, { kubernetes: { io: { namespace: "a" } } })).toBe(false);
  expect(holds(nested, { "kubernetes.io.namespace": "a" })).toBe(false);
});
