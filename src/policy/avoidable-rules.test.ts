import { expect, test } from "vitest";
import { avoidableRules, parsePolicies } from "./index.ts";

function avoidable(effect: string, when: string): readonly string[] {
  const approval = effect === "require_approval" ? ", approval: { groups: [sre] }" : "";
  const text = `policies:\n  - name: main\n    principals: { any: true }\n    rules:\n      - { name: r, effect: ${effect}, when: '${when}'${approval} }`;
  const parsed = parsePolicies([{ file: "p.yaml", text }]);
  if (parsed.kind === "refused") throw new Error(parsed.problems.map(({ message }) => message).join());
  return avoidableRules(parsed.set).map(({ policy, rule, line }) => `${policy}/${rule} ${line}`);
}

test.each([
  ["deny", 'resource.project == "prod-1"'],
  ["require_approval", '"prod-1" == resource.project && operation.class != "read"'],
  ["deny", 'resource.project in ["prod-1", "prod-2", "123456789012"]'],
  ["deny", 'resource.project.startsWith("prod-")'],
  ["deny", 'resource.name.startsWith("projects/prod-1/")'],
  ["deny", '!(resource.project != "prod-1")'],
])("a rule that is avoided by naming a project by its number is reported: %s when %s", (effect, when) => {
  expect(avoidable(effect, when)).toEqual(["main/r 5"]);
});

test.each([
  ["deny", 'resource.project in ["prod-1", "123456789012"]'],
  ["deny", 'resource.project == "prod-1" || resource.project == "123456789012"'],
  ["deny", 'resource.project != "sandbox"'],
  ["deny", '!(resource.project in ["sandbox"])'],
  ["deny", 'resource.name.startsWith("b/logs")'],
  ["deny", 'resource.location == "eu"'],
  ["allow", 'resource.project == "prod-1"'],
])("a rule that no other name of a project avoids is not reported: %s when %s", (effect, when) => {
  expect(avoidable(effect, when)).toEqual([]);
});
