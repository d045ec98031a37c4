import { expect, test } from "vitest";
import { asked, developer } from "../../test/fakes/policy-input.ts";
import { compileCondition } from "./condition.ts";
import { scopeOf } from "./condition-scope.ts";
import type { PolicyInput } from "./decision.ts";

function refusal(source: string): string {
  const compiled = compileCondition(source);
  return compiled.kind === "refused" ? compiled.message : "accepted";
}

function result(source: string, input: PolicyInput = asked()) {
  const compiled = compileCondition(source);
  if (compiled.kind === "refused") throw new Error(compiled.message);
  return compiled.condition(scopeOf(input));
}

test.each([
  ['agent.matches("^(a+)+$")', "calls matches()"],
  ["cel.bind(x, agent + agent, size(x) > 2)", "calls bind()"],
  ["principal.groups.map(g, g + g).size() > 0", "calls map()"],
  ['principal.groups.join(agent) == "x"', "calls join()"],
  ["dyn(agent) == 1", "calls dyn()"],
  ["principal.groups.all(a, principal.groups.exists(b, a == b))", "nests exists()"],
  ['{"a": 1} == {"a": 1}', "maxMapEntries"],
  ['resource.name.split("/").exists(part, part == "x")', "loops over split()"],
  ['principal.groups.exists(g, size(resource.name.split("/")) > 2)', "loops over split()"],
])("a condition whose cost an agent could drive up is refused: %s", (source, why) => {
  expect(refusal(source)).toContain(why);
});

test.each([
  ["agent", "gives string"],
  ["agent == 1", "no such overload: string == int"],
  ["user == agent", "Unknown variable: user"],
  ['principal.emial == "x"', "there is no field emial"],
  ["has(principal.emial)", "not a field of principal"],
  ["has(agent)", "not a field of principal"],
  ['operation.class == "raed"', '"raed", which is no class'],
  ['operation.class in ["read", "wirte"]', '"wirte", which is no class'],
  ['request.time < timestamp("tomorrow")', 'uses "tomorrow"'],
  ['request.time.getHours("Mars/Olympus") < 8', 'uses "Mars/Olympus"'],
  ["principal.groups.exists(resource, true)", "hides resource"],
  ["(agent", "Expected RPAREN"],
  ["", "does not hold together"],
])("a condition that cannot mean what it says is refused when it is read: %s", (source, why) => {
  expect(refusal(source)).toContain(why);
});

test("a condition longer than the limit is refused before it is parsed", () => {
  expect(refusal(`agent == "${"x".repeat(5_000)}"`)).toContain("longer than 4096");
});

test("a condition nested as deep as a stack is refused", () => {
  expect(refusal(`${"(".repeat(1_500)}true${")".repeat(1_500)}`)).toContain("maxDepth");
});

test("a list longer than the limit is refused", () => {
  expect(refusal(`agent in [${"'a',".repeat(300)}'b']`)).toContain("maxListElements");
});

test("a missing field fails the condition instead of comparing as empty", () => {
  const nobody = asked({ principal: { ...developer, email: undefined } });
  expect(result('principal.email == "x"', nobody)).toEqual({ failure: "there is no field email here" });
  expect(result('principal.email != "x"', nobody)).toEqual({ failure: "there is no field email here" });
  expect(result('resource.project == "p"', asked({ project: undefined }))).toEqual({
    failure: "there is no field project here",
  });
});

test("has() asks whether a field is there", () => {
  const source = 'has(resource.project) && resource.project == "p"';
  expect(result(source)).toBe(true);
  expect(result(source, asked({ project: undefined }))).toBe(false);
});

test("an index that does not exist fails the condition and throws nothing", () => {
  expect(JSON.stringify(result('principal.groups[7] == "x"'))).toContain("out of bounds");
  expect(result("1 / size(operation.flags) == 1")).toMatchObject({ failure: "division by zero" });
});

test("prototype members are no fields", () => {
  expect(refusal('principal.constructor == "x"')).toContain("no field constructor");
  expect(refusal('principal["__proto__"] == "x"')).toContain("no field __proto__");
});

test.each([
  ['operation.class == "read"', true],
  ['operation.id.startsWith("storage.")', true],
  ['"engineering" in principal.groups', true],
  ['principal.groups.exists(g, g.endsWith("ing"))', true],
  ['principal.email.lowerAscii() == "developer@example.com"', true],
  ['resource.name.startsWith("projects/other/")', false],
  ['resource.full_name.contains("//storage.googleapis.com/")', true],
  ['resource.name.split("/")[1] == "p"', true],
  ['"p" in resource.name.split("/")', true],
  ['request.time < timestamp("2026-11-24T12:00:01Z")', true],
  ['request.time - timestamp("2026-11-24T11:00:00Z") > duration("59m")', true],
  ["request.time.getHours() >= 8 && request.time.getHours() < 18", true],
  ['request.time.getHours("Europe/Berlin") == 13', true],
  ['session.id == "ses_1" && agent == "cursor" && connection == "prod"', true],
  ["size(operation.flags) == 0", true],
])("a condition says what is so of the call: %s", (source, expected) => {
  expect(result(source)).toBe(expected);
});
