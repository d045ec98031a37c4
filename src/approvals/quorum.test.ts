import { expect, test } from "vitest";
import { person, requirement } from "../../test/fakes/desk-under-test.ts";
import type { Vote } from "./index.ts";
import { isSamePerson, isSatisfied } from "./quorum.ts";
import { cleanReason } from "./reason.ts";

const yes = (name: string, ...groups: readonly string[]): Vote => {
  return { approver: person(name, groups), verdict: "approve", reason: undefined, at: new Date(0) };
};
const satisfied = (change: Parameters<typeof requirement>[0], ...votes: readonly Vote[]): boolean =>
  isSatisfied([requirement(change)], votes);

test("no requirement is not satisfied by itself, and neither is any by nobody", () => {
  expect(isSatisfied([], [yes("a", "sre")])).toBe(false);
  expect(satisfied({})).toBe(false);
  expect(satisfied({ approvals: 0 })).toBe(false);
});

test("votes from outside the groups do not count", () => {
  expect(satisfied({ approvals: 2 }, yes("a", "sre"), yes("b", "audit"))).toBe(false);
});

test("a denial is not an approval", () => {
  expect(satisfied({}, { ...yes("a", "sre"), verdict: "deny" })).toBe(false);
});

test("the same person twice is one person, should the votes ever hold them twice", () => {
  const twin = {
    ...yes("a", "sre"),
    approver: person("a", ["sre"], { id: "id-twin", issuer: "https://b.example.com" }),
  };
  expect(satisfied({ approvals: 2 }, yes("a", "sre"), twin)).toBe(false);
});

test("people without a verified e-mail are not all the same person", () => {
  const one = person("a", ["sre"], { email: undefined });
  const other = person("b", ["sre"], { email: undefined });
  expect(isSamePerson(one, other)).toBe(false);
});

test("approvals count distinct people over the union of the groups", () => {
  const groups = ["sre", "security"];
  expect(satisfied({ groups, approvals: 2 }, yes("a", "sre"))).toBe(false);
  expect(satisfied({ groups, approvals: 2 }, yes("a", "sre"), yes("b", "sre"))).toBe(true);
});

test("each asks for one from every group", () => {
  const change = { groups: ["sre", "security"], approvals: 2, each: 1 };
  expect(satisfied(change, yes("a", "sre"), yes("b", "sre"))).toBe(false);
  expect(satisfied(change, yes("a", "sre"), yes("b", "security"))).toBe(true);
});

test("somebody in two groups fills the seat of one of them only", () => {
  const change = { groups: ["sre", "security"], approvals: 1, each: 1 };
  expect(satisfied(change, yes("a", "sre", "security"))).toBe(false);
  expect(satisfied(change, yes("a", "sre", "security"), yes("b", "sre"))).toBe(true);
  expect(satisfied(change, yes("b", "security"), yes("a", "sre", "security"))).toBe(true);
});

test("people are shared out over the groups whichever way works", () => {
  const change = { groups: ["a", "b", "c"], approvals: 3, each: 1 };
  expect(satisfied(change, yes("1", "a", "b"), yes("2", "a", "c"), yes("3", "a"))).toBe(true);
  expect(satisfied(change, yes("1", "a", "b"), yes("2", "a", "b"), yes("3", "a", "b"))).toBe(false);
  expect(
    satisfied(
      { groups: ["a", "b"], approvals: 4, each: 2 },
      yes("1", "a"),
      yes("2", "a", "b"),
      yes("3", "b"),
      yes("4", "a"),
    ),
  ).toBe(true);
});

test.each([
  ["\u001b]0;approved\u0007 fine", "]0;approved fine"],
  ["a\u202egnp.exe", "a gnp.exe"],
  ["two\r\nlines", "two lines"],
  ["zero\u200bwidth\u2028", "zero width"],
  [" \u0000 ", undefined],
  ["", undefined],
  [undefined, undefined],
  ["x".repeat(600), "x".repeat(500)],
  ["naïve – d’accord 👍", "naïve – d’accord 👍"],
])("an approver's words become one harmless line: %j", (reason, line) => {
  expect(cleanReason(reason)).toBe(line);
});
