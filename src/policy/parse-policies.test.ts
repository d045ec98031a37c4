import { expect, test } from "vitest";
import { rules } from "../../test/fakes/policy-input.ts";
import { parsePolicies, printProblem } from "./index.ts";

const sound = `policies:
  - name: main
    principals: { groups: [engineering] }
    connections: [prod]
    rules:
      - { name: reads, effect: allow, when: operation.class == "read" }
      - name: deploys
        effect: require_approval
        operations: [cloudfunctions.deploy]
        approval: { groups: [sre], approvals: 2, each: 1, decide_within: 45m, execute_within: 90s }
`;

function problems(...texts: readonly string[]): string[] {
  const parsed = parsePolicies(texts.map((text, index) => ({ file: `p${index}.yaml`, text })));
  return parsed.kind === "refused" ? parsed.problems.map(printProblem) : ["accepted"];
}

test("a sound document is accepted", () => {
  expect(problems(sound)).toEqual(["accepted"]);
});

test.each([
  ["misspelt key in a rule", sound.replace("when:", "wehn:"), /^p0\.yaml:6:39: main\/reads: .*"wehn".*when/],
  [
    "misspelt key in a policy",
    sound.replace("connections:", "conections:"),
    /^p0\.yaml:4:5: main: .*"conections".*connections/,
  ],
  ["misspelt key at the top", `${sound}polices: []\n`, /^p0\.yaml:11:1: .*"polices".*policies/],
  [
    "misspelt key in an approval",
    sound.replace("each:", "eahc:"),
    /^p0\.yaml:10:50: main\/deploys: .*"eahc".*each/,
  ],
  [
    "effect that does not exist",
    sound.replace("effect: allow", "effect: permit"),
    /^p0\.yaml:6:24: main\/reads: effect: /,
  ],
  [
    "approval rule without approval",
    rules("effect: require_approval"),
    /main\/r0: approval: is missing: say who approves/,
  ],
  [
    "approval on an allow rule",
    rules("effect: allow, approval: { groups: [sre] }"),
    /approval: belongs to effect/,
  ],
  ["approval by nobody", rules("effect: require_approval, approval: { groups: [] }"), /groups/],
  ["zero approvals", sound.replace("approvals: 2", "approvals: 0"), /main\/deploys: approvals/],
  ["time to decide without unit", sound.replace("45m", "45"), /decide_within: .*duration/],
  ["time to decide of a month", sound.replace("45m", "31d"), /decide_within: .*at most 168h/],
  [
    "broken condition",
    sound.replace('== "read"', '=== "read"'),
    /^p0\.yaml:6:\d+: main\/reads: The condition/,
  ],
  [
    "pattern nobody can mean",
    sound.replace("cloudfunctions.deploy", "cloudfunctions.dep*"),
    /^p0\.yaml:9:22: main\/deploys: .*no operation pattern/,
  ],
  ["message with a line break", rules('effect: deny, message: "a\\nb"'), /message: must be one line/],
  ["reserved policy name", sound.replace("name: main", "name: builtin"), /reserved/],
  [
    "nobody in particular",
    sound.replace("{ groups: [engineering] }", "{}"),
    /principals: must be either \{ any: true \}/,
  ],
  ["everybody and somebody", sound.replace("groups:", "any: true, groups:"), /principals: must be either/],
  ["no rules", "policies:\n  - { name: main, principals: { any: true }, rules: [] }", /rules/],
  [
    "observing for ever",
    sound.replace("connections:", "mode: observe\n    connections:"),
    /^p0\.yaml:4:5: main: mode: .*needs an end date/,
  ],
  [
    "a day that does not exist",
    sound.replace("connections:", "mode: { observe_until: 2027-02-30 }\n    connections:"),
    /mode/,
  ],
  ["empty file", "", /The document/],
  ["not YAML", "policies: [", /^p0\.yaml:1:\d+: /],
  ["two documents in a file", `${sound}---\n${sound}`, /^p0\.yaml:11:/],
  ["a tag", "policies: !!js/function []", /tag/],
])("a document with %s is refused, and the place and the next step are named", (_what, text, expected) => {
  expect(problems(text).join("\n")).toMatch(expected);
});

test("two rules of one name in a policy are refused, the second one named", () => {
  expect(problems(sound.replace("name: deploys", "name: reads"))).toEqual([
    "p0.yaml:7:9: main/reads: This policy has a rule of this name already. Rename one of them.",
  ]);
});

test("two policies of one name are refused, even in different files", () => {
  expect(problems(sound, sound)).toEqual([
    "p1.yaml:2:5: main: A policy of this name is in p0.yaml already. Rename one of them.",
  ]);
});

test("a key that is there twice is refused: which one counts would be a guess", () => {
  expect(problems("policies: []\npolicies: []").join()).toMatch(/^p0\.yaml:2:1: .*unique/);
});

test("anchors and aliases are refused, so that a small file cannot become gigabytes", () => {
  const bomb = `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\npolicies: *c\n`;
  expect(problems(bomb).join()).toContain("Anchors, aliases, tags and directives are refused");
});

test.each([
  ["another version, in which `yes` is true and `<<` merges", "%YAML 1.1\n---\npolicies: []\n"],
  ["a merge key by its tag", "policies: []\n!!merge <<: { policies: [] }\n"],
  ["a tag that makes text of something else", "policies: !!seq []\n"],
  ["tags of its own", "%TAG ! tag:yaml.org,2002:\n---\npolicies: []\n"],
])("a file that counts otherwise than it reads is refused: %s", (_what, text) => {
  expect(problems(text).join()).toContain("tags and directives are refused");
});

test("a key that is not text is no spelling of one that counts", () => {
  for (const key of ["<<: {}", "1: x", "? [policies]\n: []", "? \n: x", "__proto__: { policies: [] }"]) {
    expect(problems(`policies: []\n${key}\n`).join(), key).toContain("means nothing here");
  }
});

test("a file nested a hundred thousand deep is refused without exhausting the stack", () => {
  expect(problems("[".repeat(100_000))[0]).toMatch(/^p0\.yaml:1:/);
});

test("a file larger than the limit is refused unread", () => {
  expect(problems(`# ${"x".repeat(300_000)}`)[0]).toContain("larger than");
});

test("all mistakes of a file are told at once", () => {
  const text = rules("effect: allow, when: nope", "effect: deny, operations: ['a..b']");
  expect(problems(text)).toHaveLength(2);
});

test("one broken file refuses the whole set: half a set would allow what the other half denies", () => {
  expect(problems(sound, "policies: 1")).not.toContain("accepted");
});

test("no documents are a set that allows nothing", () => {
  expect(problems()).toEqual(["accepted"]);
});

test("the version follows the text, not the names or the order of the files", () => {
  const version = (...texts: readonly string[]) => {
    const parsed = parsePolicies(texts.map((text, index) => ({ file: `${texts.length - index}`, text })));
    return parsed.kind === "parsed" ? parsed.set.version : "";
  };
  const other = sound.replace("name: main", "name: other");
  expect(version(sound, other)).toMatch(/^[0-9a-f]{64}$/);
  expect(version(other, sound)).toBe(version(sound, other));
  expect(version(sound)).not.toBe(version(sound, other));
  expect(version(sound)).not.toBe(version(sound.replace("approvals: 2", "approvals: 1")));
});
