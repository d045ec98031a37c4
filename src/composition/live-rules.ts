import type { NewEntry } from "#audit";
import { type MaskingRules, parseMaskingRules } from "#masking";
import { avoidableRules, type PolicySet, parsePolicies, printAvoidable, printProblem } from "#policy";
import type { Logger } from "#telemetry";
import { documentsEntry, refusedDocumentsEntry } from "./facts.ts";
import { type LiveSet, openLiveSet } from "./live-set.ts";

export interface LiveRulesParts {
  readonly record: (entry: NewEntry) => Promise<void>;
  readonly log: Logger;
}

/** The policies in force, and their successors when the files change. */
export function openLivePolicies(
  paths: readonly string[],
  protectedNames: readonly string[],
  { record, log }: LiveRulesParts,
): Promise<LiveSet<PolicySet>> {
  return openLiveSet<PolicySet>({
    name: "policies",
    paths,
    parse: (documents) => {
      const parsed = parsePolicies(documents, protectedNames);
      return parsed.kind === "parsed"
        ? { kind: "parsed", value: parsed.set }
        : { kind: "refused", problems: parsed.problems.map(printProblem) };
    },
    onReplaced: async (set, documents) => {
      await record(documentsEntry("policy.change", set.version, documents));
      log.info({ version: set.version, policies: set.policies.length }, "policies in force");
      const warnings = avoidableRules(set).map(printAvoidable);
      if (warnings.length > 0)
        log.warn({ warnings }, "rules that a call avoids by naming a project by its number");
    },
    onRefused: (problems) => refused("policies", problems, { record, log }),
  });
}

/** The operator's masking rules in force. What is always masked needs none of them. */
export function openLiveMasking(
  paths: readonly string[],
  { record, log }: LiveRulesParts,
): Promise<LiveSet<MaskingRules>> {
  return openLiveSet<MaskingRules>({
    name: "masking rules",
    paths,
    parse: (documents) => {
      const parsed = parseMaskingRules(documents);
      return parsed.kind === "rules"
        ? { kind: "parsed", value: parsed.rules }
        : {
            kind: "refused",
            problems: parsed.problems.map(
              ({ file, line, rule, message }) => `${file}:${line}: ${rule}: ${message}`,
            ),
          };
    },
    onReplaced: async (rules, documents) => {
      await record(documentsEntry("masking.change", rules.version, documents));
      log.info({ version: rules.version }, "masking rules in force");
    },
    onRefused: (problems) => refused("masking rules", problems, { record, log }),
  });
}

async function refused(
  name: string,
  problems: readonly string[],
  { record, log }: LiveRulesParts,
): Promise<void> {
  log.error({ problems }, `changed ${name} refused; the old ones stay in force`);
  await record(refusedDocumentsEntry(name, problems));
}
