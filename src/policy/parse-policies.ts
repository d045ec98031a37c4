import { createHash } from "node:crypto";
import type { z } from "zod";
import { compileOperationPattern } from "#catalogue";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { type CompiledCondition, compileCondition } from "./condition.ts";
import { knownKeys, type PolicySource, policyDocument, type RuleSource } from "./policy-document.ts";
import { indexRules, type OperationPattern, type Policy, type PolicySet, type Rule } from "./policy-set.ts";
import type { PolicyProblem } from "./problem.ts";
import { readYaml, type SourceText, type YamlSource } from "./yaml-source.ts";

export type ParsedPolicies =
  | { readonly kind: "parsed"; readonly set: PolicySet }
  | { readonly kind: "refused"; readonly problems: readonly PolicyProblem[] };

/**
 * Parses all documents as one set. One mistake refuses the whole: half a set would allow what the other half denies.
 * `protectedNames`: Gatehouse's own service accounts (e-mail or unique id) and resource names.
 */
export function parsePolicies(
  documents: readonly SourceText[],
  protectedNames: readonly string[] = [],
): ParsedPolicies {
  const reading = new Reading();
  if (documents.length > limits.policyDocumentsMax) {
    reading.report(
      { file: documents[0]?.file ?? "" },
      "too_large",
      `There are more than ${limits.policyDocumentsMax} files. Merge some.`,
    );
  } else {
    for (const document of documents) reading.read(document);
  }
  const { problems, policies } = reading;
  if (problems.length > 0) return { kind: "refused", problems };
  return { kind: "parsed", set: { version: versionOf(documents), policies, protected: [...protectedNames] } };
}

/** Independent of file names and their order, so that replicas with the same policies say the same version. */
function versionOf(documents: readonly SourceText[]): string {
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
  return sha256(
    documents
      .map(({ text }) => sha256(text))
      .sort()
      .join("\n"),
  );
}

type UsableCondition = Extract<CompiledCondition, { kind: "condition" }>;

interface Place {
  readonly file: string;
  readonly positionOf?: Extract<YamlSource, { kind: "parsed" }>["positionOf"];
  readonly path?: readonly PropertyKey[];
  readonly policy?: string;
  readonly rule?: string;
}

/** One pass over all documents. Owns what has been found so far; names must be unique across files. */
class Reading {
  readonly problems: PolicyProblem[] = [];
  readonly policies: Policy[] = [];
  readonly #filesByPolicy = new Map<string, string>();
  #rules = 0;

  read(document: SourceText): void {
    const source = readYaml(document);
    if (source.kind === "refused") {
      this.problems.push(...source.problems);
      return;
    }
    const place = { file: document.file, positionOf: source.positionOf };
    const parsed = policyDocument.safeParse(source.value);
    if (!parsed.success) {
      for (const issue of parsed.error.issues) this.#reportIssue(issue, place, source.value);
      return;
    }
    for (const [index, policy] of parsed.data.policies.entries()) {
      this.#addPolicy(policy, { ...place, path: ["policies", index], policy: policy.name });
    }
  }

  report(place: Place, code: PolicyProblem["code"], message: string): void {
    const position = place.positionOf?.(place.path ?? []) ?? { line: 1, column: 1 };
    this.problems.push({
      file: place.file,
      ...position,
      policy: place.policy,
      rule: place.rule,
      code,
      message,
    });
  }

  #addPolicy(source: PolicySource, place: Place): void {
    const elsewhere = this.#filesByPolicy.get(source.name);
    if (elsewhere !== undefined) {
      const message = `A policy of this name is in ${elsewhere} already. Rename one of them.`;
      this.report({ ...place, path: [...(place.path ?? []), "name"] }, "duplicate_name", message);
    }
    this.#filesByPolicy.set(source.name, place.file);
    const rules = this.#rulesOf(source, place);
    this.policies.push({
      name: source.name,
      principals: {
        isAny: source.principals.any === true,
        groups: new Set(source.principals.groups),
        emails: new Set(source.principals.emails?.map((email) => email.toLowerCase())),
        ids: new Set(source.principals.ids),
      },
      connections: source.connections === undefined ? undefined : new Set(source.connections),
      observeUntil: source.mode === "enforce" ? undefined : source.mode.observe_until,
      rules,
      index: indexRules(rules),
    });
  }

  #rulesOf(source: PolicySource, place: Place): Rule[] {
    const seen = new Set<string>();
    return source.rules.map((rule, index) => {
      const path = [...(place.path ?? []), "rules", index];
      const rulePlace = { ...place, path, rule: rule.name };
      if (seen.has(rule.name)) {
        const message = "This policy has a rule of this name already. Rename one of them.";
        this.report({ ...rulePlace, path: [...path, "name"] }, "duplicate_name", message);
      }
      seen.add(rule.name);
      this.#rules += 1;
      if (this.#rules === limits.policyRulesMax + 1) {
        this.report(
          rulePlace,
          "too_large",
          `There are more than ${limits.policyRulesMax} rules in all. Merge some.`,
        );
      }
      return this.#rule(rule, source.name, rulePlace);
    });
  }

  #rule(source: RuleSource, policy: string, place: Place & { readonly path: readonly PropertyKey[] }): Rule {
    const compiled = this.#condition(source.when, { ...place, path: [...place.path, "when"] });
    return {
      policy,
      name: source.name,
      effect: source.effect,
      operations: source.operations?.flatMap((text, index) =>
        this.#pattern(text, { ...place, path: [...place.path, "operations", index] }),
      ),
      condition: compiled?.condition,
      projectsNamed: compiled?.projectsNamed ?? [],
      requirement: requirementOf(source, policy),
      message: source.message,
      file: place.file,
      line: place.positionOf?.(place.path).line ?? 1,
    };
  }

  #pattern(text: string, place: Place): OperationPattern[] {
    try {
      return [{ text, isMeant: compileOperationPattern(text) }];
    } catch (error) {
      this.report(place, "bad_operation", `${messageOf(error)}. Name an operation, an alias or a pattern.`);
      return [];
    }
  }

  #condition(source: string | undefined, place: Place): UsableCondition | undefined {
    if (source === undefined) return undefined;
    const compiled = compileCondition(source);
    if (compiled.kind === "condition") return compiled;
    this.report(place, "bad_condition", compiled.message);
    return undefined;
  }

  #reportIssue(issue: z.core.$ZodIssue, place: Place, value: unknown): void {
    const named = { ...place, ...namesAt(value, issue.path) };
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        const known = knownKeys.get(lastName(issue.path)) ?? [];
        const may = known.length === 0 ? "Remove it." : `Here may stand ${known.join(", ")}.`;
        const message = `The key "${key.slice(0, 60)}" means nothing here. ${may}`;
        this.report({ ...named, path: [...issue.path, key] }, "unknown_key", message);
      }
      return;
    }
    const key = lastName(issue.path);
    const message = `${key === "" ? "The document" : key}: ${issue.message}.`;
    this.report({ ...named, path: issue.path }, "wrong_shape", message);
  }
}

function requirementOf({ approval, name }: RuleSource, policy: string): Rule["requirement"] {
  if (approval === undefined) return undefined;
  return {
    policy,
    rule: name,
    groups: [...new Set(approval.groups)],
    approvals: approval.approvals,
    each: approval.each,
    decideWithinMs: approval.decide_within,
    executeWithinMs: approval.execute_within,
  };
}

function lastName(path: readonly PropertyKey[]): string {
  return path.findLast((key) => typeof key === "string") ?? "";
}

/** The names of the policy and rule a path leads through, as far as the broken document has them. */
function namesAt(document: unknown, path: readonly PropertyKey[]): { policy?: string; rule?: string } {
  const [, policyIndex, , ruleIndex] = path;
  const policy = member(member(document, "policies"), policyIndex);
  const policyName = member(policy, "name");
  const ruleName =
    path[2] === "rules" ? member(member(member(policy, "rules"), ruleIndex), "name") : undefined;
  return {
    ...(typeof policyName === "string" ? { policy: policyName.slice(0, 63) } : {}),
    ...(typeof ruleName === "string" ? { rule: ruleName.slice(0, 63) } : {}),
  };
}

function member(value: unknown, key: PropertyKey | undefined): unknown {
  if (typeof value !== "object" || value === null || key === undefined || !Object.hasOwn(value, key))
    return undefined;
  const found: unknown = Reflect.get(value, key);
  return found;
}
