import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readGeneratedFiles } from "../load.ts";
import { bodyRules, policyRule, ruleFor } from "./rules.ts";

const rows = readGeneratedFiles().flatMap(({ operations }) => operations);
const carried = new Set(rows.map(({ id }) => id.split(".")[0]));
const verbsOf = (id: string): string[] => rows.filter((row) => row.id === id).map(verbOf);

function verbOf({ http }: { readonly http: readonly string[] }): string {
  return http[0]?.split(" ", 1)[0] ?? "";
}

test.for([...bodyRules])("the rule of %s is about a method of the catalogue", ([id, rule], { skip }) => {
  const [api = ""] = id.split(".");
  if (!carried.has(api)) skip(`${api} is not carried by this catalogue`);
  expect(verbsOf(id).length).toBeGreaterThan(0);
  expect(new Set(verbsOf(id))).toEqual(new Set([rule.http]));
});

test("every setIamPolicy is read, and none of them is less than privileged", () => {
  const policies = rows.filter(({ id }) => id.endsWith(".setIamPolicy"));
  expect(policies.length).toBeGreaterThan(60);
  for (const row of policies) {
    expect(ruleFor(row), row.id).toBe(policyRule);
    expect(["POST", "PUT"], row.id).toContain(verbOf(row));
    expect(row.class, row.id).toBe("privileged");
  }
});

test("a rule that lowers stands on a class that is the worst case", () => {
  for (const [id, rule] of bodyRules) {
    if (rule.worst !== undefined) continue;
    for (const row of rows.filter((each) => each.id === id)) {
      expect(["destructive", "privileged"], id).toContain(row.class);
    }
  }
});

// No body of these is enough to tell: files that are elsewhere, programs, and tools with names of their own.
const unread = [
  "connectors.projects.locations.connections.executeSqlQuery",
  "connectors.projects.locations.connections.tools.execute",
  "firestore.projects.databases.documents.executePipeline",
  "sql.instances.import",
];

test("every method whose body decides has a rule, or is named here as one whose body is not read", () => {
  const seeds = readFileSync(
    join(import.meta.dirname, "../../../tools/catalogue/curated/risk-seeds.tsv"),
    "utf8",
  );
  const decided = seeds
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([, , , list]) => list === "body")
    .map(([id = ""]) => id);
  expect(decided.length).toBeGreaterThan(15);
  expect(decided.filter((id) => !bodyRules.has(id)).sort()).toEqual(unread);
});
