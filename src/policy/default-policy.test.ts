import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { asked, developer, policySet } from "../../test/fakes/policy-input.ts";
import { evaluate } from "./index.ts";

// The shipped default policy is a promise of the README; it is tested like code.
const shipped = policySet(
  readFileSync(new URL("../../quick-start/policies/default.yaml", import.meta.url), "utf8"),
);
const decide = (call: Parameters<typeof asked>[0]) => evaluate(shipped, asked(call));

test("the default policy refuses service-account keys and says what to use instead", () => {
  const operation = "iam.projects.serviceAccounts.keys.create";
  expect(decide({ operation, class: "secret_read" })).toMatchObject({
    effect: "deny",
    reasons: [{ policy: "agents", rule: "never-keys", message: "Use workload identity." }],
  });
});

test("the default policy refuses what Gatehouse does not know", () => {
  expect(decide({ class: "unknown" }).effect).toBe("deny");
});

test("the default policy lets nobody in but engineering", () => {
  expect(decide({ principal: { ...developer, groups: ["audit"] } }).effect).toBe("deny");
});

test.each(["destructive", "privileged"] as const)(
  "the default policy holds a %s call for sre",
  (riskClass) => {
    expect(decide({ class: riskClass })).toMatchObject({
      effect: "require_approval",
      approvals: [{ groups: ["sre"], approvals: 1 }],
    });
  },
);

test.each([
  ["cloudfunctions.projects.locations.functions.create", "cloudfunctions.deploy"],
  ["cloudfunctions.projects.locations.functions.patch", "cloudfunctions.deploy"],
  ["run.projects.locations.services.create", "run.deploy"],
])("the default policy holds a deployment: %s", (operation, alias) => {
  expect(decide({ operation, aliases: [alias], class: "write" })).toMatchObject({
    effect: "require_approval",
    reasons: [{ rule: "deployments" }],
  });
});

test("the default policy allows reads, secret reads (which are masked) and writes", () => {
  for (const riskClass of ["read", "secret_read", "write"] as const) {
    expect(decide({ class: riskClass }).effect).toBe("allow");
  }
});
