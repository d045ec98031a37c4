import fc from "fast-check";
import { expect, test } from "vitest";
import { asked, policySet } from "../../test/fakes/policy-input.ts";
import { evaluate, explain, type PolicyInput } from "./index.ts";

interface RuleText {
  readonly name: string;
  readonly text: string;
}
interface PolicyText {
  readonly name: string;
  readonly head: string;
  readonly rules: readonly RuleText[];
}

const effects = ["effect: allow", "effect: deny", "effect: require_approval, approval: { groups: [sre] }"];
const whats = [
  "",
  ", operations: [storage.objects.get]",
  ', operations: ["storage.**", iam.keys.create]',
  ', operations: ["**.get"]',
  ', when: operation.class == "read"',
  ", when: resource.project == 'p'",
  ', operations: ["*.objects.*"], when: has(resource.project)',
];
const heads = [
  "principals: { any: true }",
  "principals: { groups: [engineering] }",
  "principals: { groups: [sales] }",
  "principals: { any: true }, connections: [prod]",
  "principals: { any: true }, mode: { observe_until: 2099-01-01 }",
];

const aRule = fc.tuple(fc.constantFrom(...effects), fc.constantFrom(...whats)).map(([a, b]) => `${a}${b}`);
const aPolicy = fc.record({
  head: fc.constantFrom(...heads),
  rules: fc.array(aRule, { minLength: 1, maxLength: 4 }),
});
const somePolicies = fc.array(aPolicy, { maxLength: 4 }).map((all): PolicyText[] =>
  all.map(({ head, rules }, index) => ({
    name: `p${index}`,
    head,
    rules: rules.map((text, number) => ({ name: `r${number}`, text })),
  })),
);
const someInput: fc.Arbitrary<PolicyInput> = fc
  .record({
    operation: fc.constantFrom("storage.objects.get", "storage.buckets.delete", "iam.keys.create", "run.get"),
    class: fc.constantFrom("read", "write", "destructive", "privileged", "secret_read", "unknown"),
    project: fc.constantFrom("p", "q", undefined),
    connection: fc.constantFrom("prod", "staging"),
  })
  .map((call) => asked(call));

function documentOf(policies: readonly PolicyText[]): string {
  if (policies.length === 0) return "policies: []";
  const written = policies.map(({ name, head, rules }) => {
    const lines = rules.map((rule) => `{ name: ${rule.name}, ${rule.text} }`);
    return `  - { name: ${name}, ${head}, rules: [${lines.join(", ")}] }`;
  });
  return ["policies:", ...written].join("\n");
}

const decide = (policies: readonly PolicyText[], input: PolicyInput) => {
  const { policyVersion: _, ...decision } = evaluate(policySet(documentOf(policies)), input);
  return decision;
};

test("the order of policies and rules never changes a decision", () => {
  const shuffled = somePolicies.chain((policies) =>
    fc.tuple(
      fc.constant(policies),
      fc
        .shuffledSubarray(policies, { minLength: policies.length })
        .map((all) => all.map((policy) => ({ ...policy, rules: [...policy.rules].reverse() }))),
    ),
  );
  fc.assert(
    fc.property(shuffled, someInput, ([one, other], input) => {
      expect(decide(other, input)).toEqual(decide(one, input));
    }),
  );
});

test("it makes no difference whether policies stand in one file or in many", () => {
  fc.assert(
    fc.property(somePolicies, someInput, (policies, input) => {
      const { policyVersion: _, ...apart } = evaluate(
        policySet(policies.map((policy) => documentOf([policy]))),
        input,
      );
      expect(apart).toEqual(decide(policies, input));
    }),
  );
});

test("one more deny rule never turns a denial into anything else", () => {
  fc.assert(
    fc.property(somePolicies, fc.constantFrom(...whats), fc.nat(), someInput, (policies, what, at, input) => {
      fc.pre(policies.length > 0 && decide(policies, input).effect === "deny");
      const stricter = policies.map((policy, index) =>
        index === at % policies.length
          ? { ...policy, rules: [...policy.rules, { name: "more", text: `effect: deny${what}` }] }
          : policy,
      );
      expect(decide(stricter, input).effect).toBe("deny");
    }),
  );
});

test("taking an allow rule away never allows more", () => {
  fc.assert(
    fc.property(somePolicies, someInput, (policies, input) => {
      fc.pre(decide(policies, input).effect !== "allow");
      const fewer = policies.map((policy) => ({
        ...policy,
        rules: [
          ...policy.rules.filter(({ text }) => !text.startsWith("effect: allow")),
          { name: "placeholder", text: "effect: allow, operations: [no.such.operation]" },
        ],
      }));
      expect(decide(fewer, input).effect).not.toBe("allow");
    }),
  );
});

test("what decides is among what explain says matched, and explain decides the same", () => {
  fc.assert(
    fc.property(somePolicies, someInput, (policies, input) => {
      const set = policySet(documentOf(policies));
      const { decision, rules } = explain(set, input);
      expect(decision).toEqual(evaluate(set, input));
      const said = rules
        .filter(
          ({ outcome, effect }) =>
            outcome === "matched" || (outcome === "condition_failed" && effect !== "allow"),
        )
        .map(({ policy, rule }) => `${policy}/${rule}`);
      for (const { policy, rule } of [...decision.reasons, ...decision.observed]) {
        if (policy !== "default" && rule !== "observe-mode") expect(said).toContain(`${policy}/${rule}`);
      }
    }),
  );
});
