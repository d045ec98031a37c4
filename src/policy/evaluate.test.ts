import { expect, test } from "vitest";
import { asked, developer, policySet, rules } from "../../test/fakes/policy-input.ts";
import { evaluate, type PolicySet } from "./index.ts";

const everything = policySet(rules("effect: allow"));
const byWhom = (principals: string, more = ""): PolicySet =>
  policySet(`policies:
  - name: main
    principals: ${principals}
${more}    rules: [{ name: all, effect: allow }]`);

test("nothing matched is a denial, and says so", () => {
  const decision = evaluate(policySet([]), asked());
  expect(decision.effect).toBe("deny");
  expect(decision.reasons).toEqual([
    { policy: "default", rule: "nothing-matched", effect: "deny", message: "No policy allows this." },
  ]);
});

test.each([
  "iamcredentials.projects.serviceAccounts.generateAccessToken",
  "iamcredentials.projects.serviceAccounts.generateIdToken",
  "iamcredentials.projects.serviceAccounts.signJwt",
  "iamcredentials.projects.serviceAccounts.signBlob",
  "iam.projects.serviceAccounts.signJwt",
  "iam.projects.serviceAccounts.signBlob",
  "workstations.projects.locations.workstationClusters.workstationConfigs.workstations.generateAccessToken",
  "sts.token",
  "sts.introspect",
  "oauth2.token",
  "oauth2.v2.tokeninfo",
])("no policy lifts the built-in denial of %s", (operation) => {
  const input = asked({ operation, class: "secret_read" });
  expect(evaluate(everything, input)).toMatchObject({ effect: "deny", reasons: [{ policy: "builtin" }] });
});

test("an operation Gatehouse does not know is denied, whatever policies say", () => {
  const decision = evaluate(everything, asked({ class: "unknown" }));
  expect(decision).toMatchObject({ effect: "deny", reasons: [{ rule: "unknown-operation" }] });
});

test("observe mode lifts no built-in denial", () => {
  const observing = byWhom("{ any: true }", "    mode: { observe_until: 2099-01-01 }\n");
  const operation = "iamcredentials.projects.serviceAccounts.generateAccessToken";
  expect(evaluate(observing, asked({ operation, class: "secret_read" })).effect).toBe("deny");
  expect(evaluate(observing, asked({ class: "unknown" })).effect).toBe("deny");
});

const gatehouse = "gatehouse@prod.iam.gserviceaccount.com";

test.each([
  `projects/prod/serviceAccounts/${gatehouse}`,
  `projects/-/serviceAccounts/${gatehouse}`,
  `projects/prod/serviceAccounts/${gatehouse.toUpperCase()}`,
  `projects/12345/serviceAccounts/${gatehouse}/keys/1`,
])("Gatehouse's own service account is only read, by whichever name it is called: %s", (resource) => {
  const set = policySet(rules("effect: allow"), [gatehouse]);
  const operation = "iam.projects.serviceAccounts.keys.create";
  for (const riskClass of ["write", "destructive", "privileged", "secret_read"] as const) {
    expect(evaluate(set, asked({ operation, class: riskClass, resource }))).toMatchObject({
      effect: "deny",
      reasons: [{ policy: "builtin", rule: "own-identity" }],
    });
  }
  expect(evaluate(set, asked({ operation: "iam.projects.serviceAccounts.get", resource })).effect).toBe(
    "allow",
  );
});

test("a protected service account named in full is met under the wildcard project too", () => {
  const set = policySet(rules("effect: allow"), [`projects/prod/serviceAccounts/${gatehouse}`]);
  const resource = `projects/-/serviceAccounts/${gatehouse}`;
  expect(evaluate(set, asked({ class: "destructive", resource })).effect).toBe("deny");
});

test("a protected bucket is not overwritten by copying from another one", () => {
  for (const name of ["b/evidence", "//storage.googleapis.com/b/evidence"]) {
    const set = policySet(rules("effect: allow"), [name]);
    const ask = (resource: string) => evaluate(set, asked({ class: "write", resource }));
    for (const action of ["copyTo", "rewriteTo"]) {
      expect(ask(`b/mine/o/x/${action}/b/evidence/o/y`).effect, `${name} ${action}`).toBe("deny");
    }
    expect(ask("b/mine/o/evidence").effect).toBe("allow");
    expect(ask("b/mine/o/b%2Fevidence").effect).toBe("allow");
  }
});

test("a protected resource protects what is below it, and not its namesakes", () => {
  const set = policySet(rules("effect: allow"), ["projects/prod/secrets/gatehouse"]);
  const effectOn = (resource: string) => evaluate(set, asked({ class: "write", resource })).effect;
  expect(effectOn("projects/prod/secrets/gatehouse")).toBe("deny");
  expect(effectOn("projects/prod/secrets/gatehouse/versions/1")).toBe("deny");
  expect(effectOn("projects/-/secrets/gatehouse")).toBe("deny");
  expect(effectOn("projects/prod/secrets/gatehouse-demo")).toBe("allow");
  expect(effectOn("projects/prod/secrets")).toBe("allow");
});

test("deny beats require_approval beats allow", () => {
  const allow = "effect: allow";
  const ask = "effect: require_approval, approval: { groups: [sre] }";
  const deny = 'effect: deny, message: "Not here."';
  expect(evaluate(policySet(rules(allow, ask)), asked()).effect).toBe("require_approval");
  const denied = evaluate(policySet(rules(allow, ask, deny)), asked());
  expect(denied.effect).toBe("deny");
  expect(denied.reasons).toEqual([{ policy: "main", rule: "r2", effect: "deny", message: "Not here." }]);
  expect(denied.approvals).toEqual([]);
});

test("an erroring deny rule denies, and says that its condition failed", () => {
  const set = policySet(rules("effect: allow", "effect: deny, when: resource.project == 'secret'"));
  const decision = evaluate(set, asked({ project: undefined }));
  expect(decision.effect).toBe("deny");
  expect(decision.reasons).toMatchObject([{ rule: "r1", failure: "there is no field project here" }]);
  expect(evaluate(set, asked()).effect).toBe("allow");
});

test("an erroring allow rule does not match", () => {
  const set = policySet(rules("effect: allow, when: resource.project != 'secret'"));
  expect(evaluate(set, asked({ project: undefined })).effect).toBe("deny");
  expect(evaluate(set, asked()).effect).toBe("allow");
});

test("an erroring approval rule still asks", () => {
  const ask = "effect: require_approval, when: resource.project == 'x', approval: { groups: [sre] }";
  const decision = evaluate(policySet(rules("effect: allow", ask)), asked({ project: undefined }));
  expect(decision).toMatchObject({
    effect: "require_approval",
    reasons: [{ rule: "r1", failure: "there is no field project here" }],
    approvals: [{ rule: "r1" }],
  });
});

test("when several approval rules match, all of them must be satisfied", () => {
  const set = policySet(
    rules(
      "effect: require_approval, approval: { groups: [sre], decide_within: 1h, execute_within: 5m }",
      "effect: require_approval, approval: { groups: [security, legal], approvals: 2, each: 1 }",
    ),
  );
  expect(evaluate(set, asked()).approvals).toEqual([
    {
      policy: "main",
      rule: "r0",
      groups: ["sre"],
      approvals: 1,
      each: 0,
      decideWithinMs: 3_600_000,
      executeWithinMs: 300_000,
    },
    {
      policy: "main",
      rule: "r1",
      groups: ["security", "legal"],
      approvals: 2,
      each: 1,
      decideWithinMs: 1_800_000,
      executeWithinMs: 600_000,
    },
  ]);
});

test("a policy speaks only about the principals it names", () => {
  const effectFor = (principals: string) => evaluate(byWhom(principals), asked()).effect;
  expect(effectFor("{ groups: [sales] }")).toBe("deny");
  expect(effectFor("{ groups: [sales, engineering] }")).toBe("allow");
  expect(effectFor("{ emails: [Developer@Example.com] }")).toBe("allow");
  expect(effectFor("{ emails: [other@example.com] }")).toBe("deny");
  expect(effectFor("{ ids: [principal-developer] }")).toBe("allow");
  expect(effectFor("{ any: true }")).toBe("allow");
});

test("an e-mail the provider does not vouch for counts for nothing", () => {
  const principal = { ...developer, email: undefined };
  expect(evaluate(byWhom("{ emails: [developer@example.com] }"), asked({ principal })).effect).toBe("deny");
});

test("a policy speaks only about the connections it names", () => {
  const set = byWhom("{ any: true }", "    connections: [staging]\n");
  expect(evaluate(set, asked({ connection: "prod" })).effect).toBe("deny");
  expect(evaluate(set, asked({ connection: "staging" })).effect).toBe("allow");
});

test("operations are ids, aliases and patterns", () => {
  const set = policySet(
    rules(
      'effect: allow, operations: ["iam.**.keys.list", storage.buckets.get, cloudfunctions.deploy, "**.describe"]',
    ),
  );
  const effectOf = (operation: string, aliases: readonly string[] = []) =>
    evaluate(set, asked({ operation, aliases })).effect;
  expect(effectOf("iam.projects.serviceAccounts.keys.list")).toBe("allow");
  expect(effectOf("storage.buckets.get")).toBe("allow");
  expect(effectOf("cloudfunctions.projects.locations.functions.create", ["cloudfunctions.deploy"])).toBe(
    "allow",
  );
  expect(effectOf("any.thing.describe")).toBe("allow");
  expect(effectOf("storage.buckets.delete")).toBe("deny");
  expect(effectOf("iam.projects.serviceAccounts.keys.create")).toBe("deny");
});

const watched = `policies:
  - name: start
    principals: { any: true }
    mode: { observe_until: 2026-11-30 }
    rules:
      - { name: reads, effect: allow, when: operation.class == "read" }
      - { name: never, effect: deny, operations: [storage.buckets.delete] }`;

test("an observing policy lets through what it would deny, and says what it would have done", () => {
  const set = policySet(watched);
  const decision = evaluate(set, asked({ operation: "storage.buckets.delete", class: "destructive" }));
  expect(decision.effect).toBe("allow");
  expect(decision.reasons).toEqual([
    { policy: "start", rule: "observe-mode", effect: "allow", message: undefined },
  ]);
  expect(decision.observed).toMatchObject([{ policy: "start", rule: "never", effect: "deny" }]);
  const unnamed = evaluate(set, asked({ operation: "storage.buckets.insert", class: "write" }));
  expect(unnamed.observed).toMatchObject([{ policy: "default", rule: "nothing-matched" }]);
});

test("observing ends by the time of the call: from the day after, the policy is enforced", () => {
  const set = policySet(watched);
  const at = (time: string) =>
    evaluate(set, asked({ operation: "storage.buckets.delete", class: "destructive", time: new Date(time) }))
      .effect;
  expect(at("2026-11-30T23:59:59Z")).toBe("allow");
  expect(at("2026-12-01T00:00:00Z")).toBe("deny");
});

test("an observing policy weakens no enforced one", () => {
  const denying = `policies:
  - name: fence
    principals: { any: true }
    rules:
      - { name: no-writes, effect: deny, when: operation.class == "write" }
      - { name: ask, effect: require_approval, when: operation.class == "destructive", approval: { groups: [sre] } }`;
  const set = policySet([watched, denying]);
  expect(evaluate(set, asked({ class: "write" })).effect).toBe("deny");
  expect(evaluate(set, asked({ class: "destructive" })).effect).toBe("require_approval");
});

test("a condition of an observing policy cannot observe its way into the decision of others", () => {
  const set = policySet(watched);
  expect(evaluate(set, asked()).observed).toMatchObject([{ rule: "reads", effect: "allow" }]);
  expect(evaluate(everything, asked()).observed).toEqual([]);
});

test("a decision names the version of the policies it was made by", () => {
  expect(evaluate(everything, asked()).policyVersion).toBe(everything.version);
});

test("two hundred rules about other operations are passed over without being asked", () => {
  const other = Array.from(
    { length: 200 },
    (_, n) => `effect: deny, operations: [other.thing${n}.get, "other${n}.**"]`,
  );
  const set = policySet(rules("effect: allow, operations: [storage.objects.get]", ...other));
  const [policy] = set.policies;
  expect(policy?.index.anywhere).toEqual([]);
  expect(evaluate(set, asked()).effect).toBe("allow");
});
