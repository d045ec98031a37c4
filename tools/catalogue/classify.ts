import type { RiskClass } from "../../src/catalogue/index.ts";
import type { Curated } from "./curated.ts";

export interface Verdict {
  readonly class: RiskClass;
  /** For people; a clause, e.g. "GET reads". */
  readonly reason: string;
}

/** First words of method names that take something away. After `batch` and `bulk` the second word counts. */
const destroyingWords: ReadonlySet<string> = new Set(
  (
    "delete destroy purge remove drop truncate wipe expunge undeploy rollback revert reset expire abandon detach " +
    "clear deprovision terminate revoke disable stop suspend shutdown restart reboot failover switchover demote " +
    "deactivate unlink unregister cancel abort evict drain archive recreate withdraw disconnect seek reimage rotate " +
    "lock relocate restore import"
  ).split(" "),
);

/**
 * Names of POST methods that only read. Judged by reading samples, guesses at unlisted names were wrong in one case
 * of six, hence names and not a rule. A trailing `*` stands for any ending.
 */
const readingNames: readonly string[] = (
  "testIamPermissions getIamPolicy wait search searchAll* query lookup batchGet list* get* validate* count* explain* " +
  "runQuery runAggregationQuery partition* read streamingRead readRows sampleRowKeys readObject listen tail " +
  "queryGrantableRoles queryTestablePermissions lintPolicy troubleshoot simulate inspect deidentify fetchCaCerts " +
  "recognize synthesize translate annotate detect predict *Predict generateContent streamGenerateContent " +
  "computeTokens embedContent"
).split(" ");

/** How bad a method is, before anybody looked at a body. The first rule that applies decides. */
export function classify(method: { id: string; verb: string }, curated: Curated): Verdict {
  const override = curated.overrides.get(`${method.verb} ${method.id}`);
  if (override !== undefined) return { class: override.class, reason: override.reason };

  const name = method.id.slice(method.id.lastIndexOf(".") + 1);
  const readsByName = method.verb === "POST" && readingNames.some((each) => matchesName(each, name));
  if (method.verb !== "GET" && !readsByName) {
    const privileged = curated.privileged.find(({ isMeant }) => isMeant({ id: method.id, aliases: [] }));
    if (privileged !== undefined) return { class: "privileged", reason: privileged.reason };
  }
  if (method.verb === "GET") return { class: "read", reason: "GET reads" };
  if (method.verb === "DELETE") return { class: "destructive", reason: "DELETE removes" };
  const word = decisiveWord(name);
  if (destroyingWords.has(word)) return { class: "destructive", reason: `its name begins with "${word}"` };
  if (readsByName) return { class: "read", reason: `POST methods named "${name}" only read` };
  return { class: "write", reason: `${method.verb} changes state` };
}

function matchesName(pattern: string, name: string): boolean {
  if (pattern.endsWith("*")) return name.startsWith(pattern.slice(0, -1));
  if (pattern.startsWith("*")) return name.endsWith(pattern.slice(1));
  return name === pattern;
}

function decisiveWord(name: string): string {
  const words = name.split(/(?=[A-Z])|[-_]/).map((word) => word.toLowerCase());
  const [first = "", second = ""] = words;
  return first === "batch" || first === "bulk" ? second : first;
}
