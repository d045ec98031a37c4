import { expect, test } from "vitest";
import { asked, policySet } from "../../test/fakes/policy-input.ts";
import { deadRules, explain } from "./index.ts";

const text = `policies:
  - name: sales
    principals: { groups: [sales] }
    rules: [{ name: all, effect: allow }]
  - name: staging
    principals: { any: true }
    connections: [staging]
    rules: [{ name: all, effect: allow }]
  - name: main
    principals: { any: true }
    rules:
      - { name: reads, effect: allow, when: operation.class == "read" }
      - { name: writes, effect: allow, when: operation.class == "write" }
      - { name: buckets, effect: deny, operations: [storage.buckets.delete] }
      - { name: located, effect: allow, when: resource.location == "eu" }
      - { name: fenced, effect: deny, when: resource.location == "us" }`;

test("explain names every rule and why it has no say", () => {
  const { decision, rules } = explain(policySet(text), asked());
  expect(decision.effect).toBe("deny");
  expect(rules.map(({ policy, rule, outcome }) => `${policy}/${rule} ${outcome}`)).toEqual([
    "sales/all other_principal",
    "staging/all other_connection",
    "main/reads matched",
    "main/writes condition_false",
    "main/buckets other_operation",
    "main/located condition_failed",
    "main/fenced condition_failed",
  ]);
  expect(rules.at(-1)).toMatchObject({ failure: "there is no field location here", place: { line: 16 } });
});

test("explain puts a built-in denial first", () => {
  const { rules } = explain(policySet(text), asked({ class: "unknown" }));
  expect(rules[0]).toMatchObject({ policy: "builtin", rule: "unknown-operation", outcome: "matched" });
});

const catalogue = [
  { id: "storage.buckets.delete", aliases: ["storage.delete"] },
  { id: "storage.buckets.get", aliases: [] },
];
const dead = (...rules: readonly string[]) =>
  deadRules(
    policySet(
      `policies:\n  - name: main\n    principals: { any: true }\n    rules:\n${rules.map((rule, n) => `      - { name: r${n}, ${rule} }`).join("\n")}`,
    ),
    catalogue,
  ).map(({ rule, code, line }) => `${rule} ${code} ${line}`);

test("a pattern that names nothing is reported, beside others that do", () => {
  expect(dead('effect: deny, operations: [storage.bucket.delete, "storage.**"]')).toEqual([
    "r0 matches_nothing 5",
  ]);
});

test("a rule all of whose operations are denied without condition is reported as shadowed", () => {
  expect(
    dead("effect: allow, operations: [storage.delete]", 'effect: deny, operations: ["storage.buckets.*"]'),
  ).toEqual(["r0 shadowed 5"]);
});

test("a conditional deny shadows nothing, and neither does one that covers only a part", () => {
  expect(dead("effect: allow, operations: [storage.delete]", 'effect: deny, when: agent == "x"')).toEqual([]);
  expect(dead("effect: allow", "effect: deny, operations: [storage.delete]")).toEqual([]);
});
